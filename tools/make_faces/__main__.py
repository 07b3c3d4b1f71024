"""Command line: ``python -m tools.make_faces {build,index,check,compare,sheet}``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PACKAGE_SET = Path("src/maskface/datasets/example")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.make_faces", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    build = verbs.add_parser("build", help="render the set or a part of it (needs Blender)")
    build.add_argument("--only", default="", help="subjects, e.g. S01,S05")
    build.add_argument("--emotion", default="", help="emotions, e.g. fear,neutral")
    build.add_argument("--view", default="", help="yaw angles in degrees, e.g. 0,-40")
    build.add_argument("--intensity", default="", help="percent, e.g. 100 or 50,100")
    build.add_argument(
        "--wearing", default="plain", help="plain, surgical, ffp2, cloth; e.g. plain,surgical"
    )
    build.add_argument("--out", type=Path, default=PACKAGE_SET / "images")
    build.add_argument("--seed", type=int, default=0, help="0 is the shipped set")
    build.add_argument("--size", type=int, default=384)
    build.add_argument("--samples", type=int, default=10, help="light paths per pixel")
    build.add_argument("--threads", type=int, default=2, help="CPU threads per process")
    build.add_argument("--jobs", type=int, default=1, help="processes side by side")
    build.add_argument("--quality", type=int, default=88, help="JPEG quality")
    check = verbs.add_parser("check", help="measure the set (needs MediaPipe and OpenCV)")
    check.add_argument("--card", action="store_true", help="write the tables into CARD.md")
    compare = verbs.add_parser("compare", help="compare two builds (needs OpenCV)")
    compare.add_argument("other", type=Path)
    sheet = verbs.add_parser("sheet", help="make a contact sheet")
    sheet.add_argument("--out", type=Path, required=True)
    sheet.add_argument("--only", default="", help="subjects, one row each")
    sheet.add_argument("--intensity", type=int, default=100)
    sheet.add_argument("--view", type=int, default=0)
    sheet.add_argument("--tile", type=int, default=192)
    index = verbs.add_parser("index", help="write index.csv beside the images")
    for verb in (check, compare, sheet, index):
        verb.add_argument("--images", type=Path, default=PACKAGE_SET / "images")
    return parser


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _side_by_side(subjects: list[str], jobs: int, arguments: list[str]) -> int:
    """Build in several processes: Blender holds one scene per process."""

    def one(subject: str) -> int:
        # Later options win, so these two overrule the given ones.
        command = [sys.executable, "-m", "tools.make_faces", *arguments]
        return subprocess.run([*command, "--jobs", "1", "--only", subject], check=False).returncode

    with ThreadPoolExecutor(jobs) as pool:
        return max(pool.map(one, subjects), default=0)


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; return the exit status."""
    args = _parser().parse_args(arguments)
    if args.verb == "build":
        from tools.make_faces import build

        shots = build.select(
            _words(args.only), _words(args.emotion), [int(v) for v in _words(args.view)],
            [int(v) for v in _words(args.intensity)], args.seed, _words(args.wearing),
        )  # fmt: skip
        if args.jobs > 1:
            subjects = list(dict.fromkeys(shot.who.subject for shot in shots))
            return _side_by_side(subjects, args.jobs, arguments or sys.argv[1:])
        options = build.Options(args.size, args.samples, args.threads, args.quality)
        build.build(shots, args.out, options)
    elif args.verb == "index":
        from tools.make_faces import index

        index.write(args.images)
    elif args.verb == "check":
        from tools.make_faces import check

        measured = check.report(args.images)
        print(measured)
        if args.card:
            check.write_card(args.images.parent / "CARD.md", measured)
    elif args.verb == "compare":
        from tools.make_faces import check

        pairs, worst, mean = check.compare(args.images, args.other)
        print(f"{pairs} pairs, largest difference {worst}, mean difference {mean:.3f} grey levels")
    else:
        from tools.make_faces import sheet

        sheet.contact_sheet(
            args.images, _words(args.only), args.out, args.intensity, args.view, args.tile
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
