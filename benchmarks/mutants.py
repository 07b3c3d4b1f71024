"""Change the code in small ways, one at a time, and see whether the tests notice.

    python benchmarks/mutants.py --n 200 --seed 0
    python benchmarks/mutants.py --package stats --n 40 --jobs 2

Sites are drawn from the seed, evenly over the packages. Each change is made in a copy of `src`, and
the tests of its package run on it until one fails. Printed are the killed share by package and the
survivors, which have to be judged one by one: some changes do not change any result.

An own mutator because what slips through lies where right parts are joined: swapped arguments and
swapped targets, dropped keywords (a seed, an axis) and dropped statements, beside the usual
operators and constants.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Queue
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "src" / "maskface"
JOINED: Final = "test_joined_*"
TESTS: Final = {
    "stats": (JOINED, "test_stats*", "test_analyses*", "test_findings*", "test_humans*"),
    "analyses": (JOINED, "test_analyses*", "test_plots*"),
    "humans": (JOINED, "test_humans*", "test_human_machine*", "test_hostile*"),
    "experiment": (
        JOINED, "test_trained*", "test_cross_fitting*", "test_checkpoints*", "test_record*",
        "test_trials*", "test_detections*", "test_pipeline*", "test_folders*",
    ),
    "findings": (JOINED, "test_findings*", "test_human_machine*"),
    "report": (JOINED, "test_report*", "test_index_page*"),
    "occluders": (
        JOINED, "test_occluders*", "test_controls*", "test_worn*", "test_wearing*", "test_tears*",
        "test_stack*", "test_spot*", "test_regions*", "test_match*", "test_damping*",
    ),
    "classifiers": (
        JOINED, "test_classifiers*", "test_onnx*", "test_emfacs*", "test_adapters*",
        "test_trained*", "test_crops*",
    ),
    "images": (JOINED, "test_images*", "test_hostile*", "test_reading*"),
    "files": (JOINED, "test_files*", "test_table_files*", "test_tables*"),
}  # fmt: skip
"""Test files of each package (or module), the quickest to notice first."""

COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATIONS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip
NAMES: Final = {
    "min": "max", "max": "min", "any": "all", "all": "any", "low": "high", "high": "low",
    "first": "second", "second": "first", "plain": "occluded", "occluded": "plain",
    "minimum": "maximum", "maximum": "minimum", "argmin": "argmax", "argmax": "argmin",
    "isin": "notna",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: of which package and file, at which line, from what to what."""

    package: str
    path: str
    line: int
    start: int
    end: int
    before: str
    after: str


def mutants_of(package: str, path: Path) -> Iterator[Mutant]:
    """Yield all changes of a file."""
    text = path.read_text(encoding="utf-8")
    raw = text.encode()
    starts = [0]
    for line in raw.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in _code(ast.parse(text)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        before = raw[start:end].decode()
        for after in _changes(node):
            if after != before:
                name = str(path.relative_to(SOURCE))
                # In brackets, so that a change cannot bind otherwise than what it replaces.
                shown = f"({after})" if isinstance(node, ast.expr) else after
                yield Mutant(package, name, node.lineno, start, end, before, shown)


def _code(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Yield the nodes that run: no annotations, messages of errors, names of modules."""
    for name, value in ast.iter_fields(tree):
        if name in {
            "annotation",
            "returns",
            "decorator_list",
            "bases",
        }:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(
                child, (ast.Raise, ast.Import, ast.ImportFrom, ast.JoinedStr, ast.Assert)
            ):
                continue
            if isinstance(child, (ast.expr, ast.stmt)) and hasattr(child, "lineno"):
                yield child
            yield from _code(child)


def _changes(node: ast.AST) -> Iterator[str]:
    """Yield the texts that a node may be replaced by."""
    for kind in (_of_operators, _of_constants, _of_names, _of_statements):
        yield from kind(node)


def _of_operators(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            yield _with(node, ops=[COMPARISONS[type(op)]()])
        case ast.BinOp(op=op) if type(op) in OPERATIONS and not _is_text(node):
            yield _with(node, op=OPERATIONS[type(op)]())
        case ast.BoolOp(op=op):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub(), operand=operand):
            yield ast.unparse(operand)


def _of_constants(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=bool(value)):
            yield repr(not value)
        case ast.Constant(value=int(number)):
            yield repr(number + 1)
        case ast.Constant(value=float(number)):
            yield repr(number * 1.5)


def _of_names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            yield NAMES[name]
        case ast.Attribute(attr=name) if name in NAMES:
            yield _with(node, attr=NAMES[name])
        case ast.IfExp(body=body, orelse=orelse):
            yield _with(node, body=orelse, orelse=body)
        case ast.Call():
            yield from _changes_of_call(node)


def _of_statements(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=[first, second])], value=value):
            yield f"{ast.unparse(second)}, {ast.unparse(first)} = {ast.unparse(value)}"
        case ast.Return(value=ast.Tuple(elts=[first, second, *rest])):
            swapped = ast.Tuple(elts=[second, first, *rest], ctx=ast.Load())
            yield f"return {ast.unparse(swapped)}"
        case ast.AugAssign() | ast.Expr(value=ast.Call()):
            yield "pass"


def _changes_of_call(node: ast.Call) -> Iterator[str]:
    if len(node.args) >= 2 and not any(isinstance(arg, ast.Starred) for arg in node.args[:2]):
        yield _with(node, args=[node.args[1], node.args[0], *node.args[2:]])
    for i, keyword in enumerate(node.keywords):
        if keyword.arg:
            yield _with(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])


def _with(node: ast.AST, **fields: object) -> str:
    """Return the source of a node with some other fields."""
    kept = {name: getattr(node, name) for name in node._fields}
    return ast.unparse(ast.fix_missing_locations(type(node)(**(kept | fields))))


def _is_text(node: ast.BinOp) -> bool:
    """Return True for texts that are joined, and for unions of types."""
    parts = [n for side in (node.left, node.right) for n in ast.walk(side)]
    texts = any(isinstance(n, ast.JoinedStr) for n in parts)
    return texts or any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in parts[:1])


def draw(packages: Sequence[str], n: int, seed: int) -> list[Mutant]:
    """Draw changes from the seed, as many of each package as there are to be had."""
    rng = random.Random(seed)  # noqa: S311 (no secret)
    drawn: list[Mutant] = []
    for i, package in enumerate(packages):
        where = SOURCE / package
        files = sorted(where.rglob("*.py")) if where.is_dir() else [where.with_suffix(".py")]
        found = [one for path in files for one in mutants_of(package, path)]
        share = n // len(packages) + (i < n % len(packages))
        drawn += rng.sample(found, min(share, len(found)))
    return drawn


def copy_source() -> Path:
    """Copy `src` by links: a changed file is written anew."""
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SOURCE, folder / "maskface", copy_function=os.link, ignore=skip)
    return folder


def run_tests(folder: Path, package: str, seconds: float) -> bool | None:
    """Run the tests of a package on a copy; True if all pass, None if they take too long."""
    files = [str(p) for glob in TESTS[package] for p in sorted(ROOT.glob(f"tests/unit/{glob}.py"))]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *files]
    env = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryFile() as told:
        try:
            done = subprocess.run(  # noqa: S603
                command, cwd=ROOT, env=env, timeout=seconds, check=False, stdout=told,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
    return done.returncode == 0


def survives(mutant: Mutant, folder: Path, seconds: float) -> bool:
    """Return True if no test notices the change."""
    path = folder / "maskface" / mutant.path
    original = path.read_bytes()
    changed = original[: mutant.start] + mutant.after.encode() + original[mutant.end :]
    try:
        compile(changed, str(path), "exec")
    except SyntaxError:
        return False
    path.unlink()  # not through the link
    path.write_bytes(changed)
    try:
        return run_tests(folder, mutant.package, seconds) is True
    finally:
        path.write_bytes(original)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=200, help="changes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--package", action="append", choices=sorted(TESTS), help="all if not given"
    )
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=900, help="per change; longer is killed")
    parser.add_argument("--list", action="store_true", help="show the changes, run nothing")
    parser.add_argument("--out", type=Path, help="survivors as JSON")
    args = parser.parse_args()
    packages = args.package or [name for name in TESTS if name != "analyses"]
    drawn = draw(packages, args.n, args.seed)
    if args.list:
        for one in drawn:
            print(_line(one))
        return 0
    folders: Queue[Path] = Queue()
    for _ in range(args.jobs):
        folders.put(copy_source())
    try:
        return _measure(drawn, packages, folders, args)
    finally:
        while not folders.empty():
            shutil.rmtree(folders.get())


def _measure(
    drawn: list[Mutant], packages: list[str], folders: Queue[Path], args: argparse.Namespace
) -> int:
    whole = folders.get()
    failing = [name for name in packages if run_tests(whole, name, args.seconds) is not True]
    folders.put(whole)
    if failing:
        print(f"The tests of {', '.join(failing)} fail, or take too long, without any change.")
        return 1

    def judge(mutant: Mutant) -> tuple[Mutant, bool]:
        folder = folders.get()
        try:
            survived = survives(mutant, folder, args.seconds)
        finally:
            folders.put(folder)
        print(f"{'SURVIVED' if survived else 'killed  '} {_line(mutant)}", flush=True)
        return mutant, survived

    with ThreadPoolExecutor(args.jobs) as pool:
        judged = list(pool.map(judge, drawn))
    counts: defaultdict[str, list[bool]] = defaultdict(list)
    for mutant, survived in judged:
        counts[mutant.package].append(not survived)
        counts["all"].append(not survived)
    for name, killed in counts.items():
        print(
            f"{name:12} {sum(killed):4} of {len(killed):4} killed ({sum(killed) / len(killed):.0%})"
        )
    if args.out:
        left = [asdict(mutant) for mutant, survived in judged if survived]
        args.out.write_text(json.dumps(left, indent=1) + "\n", encoding="utf-8")
    return 0


def _line(one: Mutant) -> str:
    before, after = (" ".join(text.split())[:70] for text in (one.before, one.after))
    return f"{one.path}:{one.line}: {before}  ->  {after}"


if __name__ == "__main__":
    raise SystemExit(main())
