"""Change the code in small ways, one at a time, and see whether the tests notice.

    nice python -m benchmarks.mutants --n 200 --seed 0
    nice python -m benchmarks.mutants --package stats --n 40 --survivors left.json

Sites are drawn from the seed, evenly over the packages. The unit tests run once to see which
functions each of them calls. Then each change is made in a copy of `src`, and the tests that call
the changed function run on it, the quickest first, until one fails. Printed are the killed share by
package and the survivors, which have to be judged one by one: some changes do not change any
result.

An own mutator because what slips through lies where right parts are joined: swapped arguments and
swapped targets, dropped keywords (a seed, an axis) and dropped statements, beside the usual
operators and constants. Processes are forked from one that has loaded the libraries: a change
whose tests take a second costs two.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import importlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "src" / "maskface"
PACKAGES: Final = (
    "stats", "humans", "experiment", "findings", "report", "occluders", "classifiers", "images",
    "files",
)  # fmt: skip
"""Packages and modules that are changed unless others are named."""
LIBRARIES: Final = (
    "numpy", "pandas", "cv2", "scipy.stats", "statsmodels.api", "joblib", "sklearn.linear_model",
    "matplotlib.pyplot", "PIL.Image", "mediapipe",
)  # fmt: skip
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
SEEN: Final = "_called_functions"
IMPORT_S: Final = 30
SLOWER: Final = 5
"""CPU seconds that a changed test may take: these for imports, and so many times as unchanged."""
PATIENCE_S: Final = 1200
"""Seconds after which a process that waits for something is killed."""

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
    """One change: of which package, file and function, at which line, from what to what."""

    package: str
    path: str
    function: int  # its first line; 0 outside of functions
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
    tree = ast.parse(text)
    functions = [
        (_first_line(node), node.end_lineno or 0)
        for node in ast.walk(tree) if isinstance(node, FUNCTIONS)
    ]  # fmt: skip
    for node in _code(tree):
        inside = [first for first, last in functions if first < node.lineno <= last]
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        before = raw[start:end].decode()
        for after in _changes(node):
            if after != before:
                name = str(path.relative_to(SOURCE))
                # In brackets, so that a change cannot bind otherwise than what it replaces.
                shown = f"({after})" if isinstance(node, ast.expr) else after
                yield Mutant(
                    package, name, max(inside, default=0), node.lineno, start, end, before, shown
                )


def _code(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Yield the nodes that run: no annotations, messages of errors, names of modules."""
    for name, value in ast.iter_fields(tree):
        if name in {"annotation", "returns", "decorator_list", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(
                child, (ast.Raise, ast.Import, ast.ImportFrom, ast.JoinedStr, ast.Assert)
            ):
                continue
            if isinstance(child, ast.keyword) and child.arg == "strict":  # no more than a check
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
        if keyword.arg and keyword.arg != "strict":
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
    compileall.compile_dir(folder, quiet=1)
    return folder


Observed: TypeAlias = dict[str, tuple[float, frozenset[str]]]
"""CPU time in s of each test, and the functions that it calls."""


class Observer:
    """Plugin of pytest that notes which functions of maskface each test calls, and its CPU time.

    What a fixture of a module or of the session calls counts for all tests that use it.
    """

    def __init__(self) -> None:
        self.found: dict[str, tuple[float, list[str]]] = {}
        self.failed: set[str] = set()
        self._fixtures: dict[str, set[str]] = {}
        self._seen: set[str] = vars(sys).setdefault(SEEN, set())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note what a test calls."""
        before = time.process_time()
        self._seen.clear()
        try:
            return (yield)
        finally:
            used = (self._fixtures.get(name, set()) for name in getattr(item, "fixturenames", ()))
            calls = sorted(self._seen.union(*used))
            self.found[item.nodeid] = (time.process_time() - before, calls)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Note what a fixture calls that several tests may share."""
        before = set(self._seen)
        self._seen.clear()
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function":
                self._fixtures.setdefault(fixturedef.argname, set()).update(self._seen)
            self._seen |= before

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that fails."""
        if report.failed:
            self.failed.add(report.nodeid)


def instrument(folder: Path) -> None:
    """Let each function of a copy note that it was called, in a set of the module `sys`.

    The rest of the text stays as it is: registries read it.
    """
    note = f"__import__('sys').__dict__.setdefault('{SEEN}', set()).add"
    for path in (folder / "maskface").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        name, lines = path.relative_to(folder / "maskface"), text.splitlines()
        functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, FUNCTIONS)]
        for node in sorted(functions, key=_first_line, reverse=True):
            documented = ast.get_docstring(node, clean=False) is not None
            for first in node.body[documented : documented + 1]:
                at, indent = _first_line(first) - 1, first.col_offset
                if not lines[at][:indent].strip():
                    lines.insert(at, f"{' ' * indent}{note}('{name}:{_first_line(node)}')")
        path.unlink()  # not through the link
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def in_child(folder: Path, seconds: float, function: Callable[[], int]) -> int:
    """Call a function in a forked process that imports maskface from a folder; return its code."""
    child = os.fork()
    if not child:
        code = 3
        with suppress(BaseException):
            os.setsid()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for descriptor in range(3):
                os.dup2(nowhere, descriptor)
            sys.path.insert(0, str(folder))
            os.environ["PYTHONPATH"] = str(folder)
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
            code = function()
        os._exit(code)
    until = time.monotonic() + PATIENCE_S
    ended = status = 0
    while not ended and time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # and what the tests began
    return os.waitstatus_to_exitcode(status if ended else os.waitpid(child, 0)[1])


def pytest_arguments(folder: Path) -> list[str]:
    return ["-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}", f"--basetemp={folder / 'tmp'}"]


def observe(folder: Path, file: Path, *, slow: bool) -> Observed:
    """Run a test file on an instrumented copy; return CPU time and called functions of each test.

    Tests that fail are left out.
    """
    out = folder / "observed.json"
    chosen = [str(file), *([] if slow else ["-m", "not slow"])]

    def run() -> int:
        observer = Observer()
        code = pytest.main([*pytest_arguments(folder), *chosen], plugins=[observer])
        out.write_text(json.dumps([observer.found, sorted(observer.failed)]), encoding="utf-8")
        return int(code)

    out.unlink(missing_ok=True)
    code = in_child(folder, PATIENCE_S, run)
    if not out.exists():
        print(f"{file} comes to no end without any change: {code}", flush=True)
        return {}
    found, failed = json.loads(out.read_text(encoding="utf-8"))
    print(f"{file}: {sum(took for took, _ in found.values()):.0f} s", *failed, flush=True)
    return {test: (took, frozenset(c)) for test, (took, c) in found.items() if test not in failed}


def tests_of(mutant: Mutant, observed: Observed, seconds: float) -> tuple[list[str], float]:
    """Return the quickest tests that call a changed function, and their CPU time in s.

    Outside of functions, the tests that call any function of the file, or else all. Tests of one
    file stay together: they may share what took time to make.
    """
    place = f"{mutant.path}:{mutant.function}" if mutant.function else f"{mutant.path}:"
    found = {
        test: took for test, (took, calls) in observed.items()
        if place in calls or (not mutant.function and any(c.startswith(place) for c in calls))
    }  # fmt: skip
    if not mutant.function and not found:
        found = {test: took for test, (took, _) in observed.items()}
    chosen: defaultdict[str, list[str]] = defaultdict(list)
    total = 0.0
    for test, took in sorted(found.items(), key=lambda one: (one[1], one[0])):
        if total + took <= seconds or not total:
            chosen[test.split("::")[0]].append(test)
            total += took
    of_file = {name: sum(found[test] for test in tests) for name, tests in chosen.items()}
    return [
        test for name in sorted(of_file, key=of_file.__getitem__) for test in chosen[name]
    ], total


def survives(mutant: Mutant, folder: Path, observed: Observed, seconds: float) -> bool:
    """Return True if no test notices the change."""
    tests, took = tests_of(mutant, observed, seconds)
    if not tests:
        return True
    path = folder / "maskface" / mutant.path
    original = path.read_bytes()
    changed = original[: mutant.start] + mutant.after.encode() + original[mutant.end :]
    try:
        compile(changed, str(path), "exec")
    except SyntaxError:
        return False
    path.unlink()  # not through the link
    path.write_bytes(changed)
    arguments = ["-x", *pytest_arguments(folder), *tests]

    def run() -> int:
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        sys.dont_write_bytecode = True
        return int(pytest.main([*arguments]))

    try:
        return in_child(folder, IMPORT_S + SLOWER * took, run) == 0
    finally:
        path.write_bytes(original)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=200, help="changes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--package", action="append", help="package or module; the usual if none")
    parser.add_argument("--tests", nargs="+", default=["tests/unit"], help="files or folders")
    parser.add_argument("--slow", action="store_true", help="run the tests marked slow, too")
    parser.add_argument("--seconds", type=float, default=60, help="CPU time of tests per change")
    parser.add_argument("--list", action="store_true", help="show the changes, run nothing")
    parser.add_argument("--observed", type=Path, help="keep what the tests call, for the next time")
    parser.add_argument("--survivors", type=Path, help="survivors as JSON")
    args = parser.parse_args()
    packages = args.package or PACKAGES
    drawn = draw(packages, args.n, args.seed)
    if args.list:
        for one in drawn:
            print(_line(one))
        return 0
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    for name in LIBRARIES:
        importlib.import_module(name)
    folder = copy_source()
    try:
        return _measure(drawn, folder, args)
    finally:
        shutil.rmtree(folder)


def _observed(args: argparse.Namespace) -> Observed:
    kept = args.observed
    if kept and kept.exists():
        read = json.loads(kept.read_text(encoding="utf-8"))
        return {test: (took, frozenset(calls)) for test, (took, calls) in read.items()}
    observed: Observed = {}
    folder = copy_source()
    instrument(folder)
    for place in map(Path, args.tests):
        for file in sorted(place.glob("test_*.py")) if place.is_dir() else [place]:
            observed |= observe(folder, file, slow=args.slow)
    shutil.rmtree(folder)
    if kept:
        text = json.dumps({test: (took, [*calls]) for test, (took, calls) in observed.items()})
        kept.write_text(text, encoding="utf-8")
    return observed


def _measure(drawn: list[Mutant], folder: Path, args: argparse.Namespace) -> int:
    observed = _observed(args)
    print(f"{len(observed)} tests, {sum(took for took, _ in observed.values()):.0f} s", flush=True)
    counts: defaultdict[str, list[bool]] = defaultdict(list)
    left = []
    for mutant in drawn:
        survived = survives(mutant, folder, observed, args.seconds)
        print(f"{'SURVIVED' if survived else 'killed  '} {_line(mutant)}", flush=True)
        left += [asdict(mutant)] if survived else []
        for name in (mutant.package, "all"):
            counts[name].append(not survived)
    for name, killed in counts.items():
        share = sum(killed) / len(killed)
        print(f"{name:12} {sum(killed):4} of {len(killed):4} killed ({share:.0%})")
    if args.survivors:
        args.survivors.write_text(json.dumps(left, indent=1) + "\n", encoding="utf-8")
    return 0


def _line(one: Mutant) -> str:
    before, after = (" ".join(text.split())[:70] for text in (one.before, one.after))
    return f"{one.path}:{one.line}: {before}  ->  {after}"


if __name__ == "__main__":
    raise SystemExit(main())
