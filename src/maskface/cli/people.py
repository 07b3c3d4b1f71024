"""Verbs of comparisons and of planning: humans, compare, compare-worn, power."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from maskface.cli.app import answer, verb
from maskface.cli.complete import EMOTIONS, classifier_names, data_names, one_of
from maskface.cli.options import (
    CLASSIFIERS,
    Classifiers,
    Json,
    Quiet,
    ResultFolder,
    Seed,
    ShowFaces,
    argument,
    option,
)
from maskface.exits import FAILED


@verb(
    "humans data/ --out people/",
    "humans answers.csv --map map.toml --out people/ --crossed",
    kept="Delete the files in the folder of --out, if there are any",
)
def humans(
    files: Annotated[
        list[Path],
        argument(
            "FILE",
            "Trial tables of human observers, or folders of them: jsPsych (CSV or JSON), "
            "PsychoPy, Gorilla, lab.js, Qualtrics, or any CSV through --map.",
        ),
    ],
    out: ResultFolder,
    column_map: Annotated[
        Path | None,
        option("TOML file that names the columns; see docs/humans.md.", "--map", metavar="FILE"),
    ] = None,
    dataset: Annotated[
        str | None, option("Name of the study in the tables.", metavar="NAME")
    ] = None,
    *,
    crossed: Annotated[
        bool,
        option("Compute intervals that hold for other observers and other faces.", "--crossed"),
    ] = False,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Score human observers as classifiers are scored.

    Writes responses.csv, summary.csv, exclusions.csv, guards.csv and
    study.json, and prints the loss under each occluder.
    """
    from maskface.documents import rows
    from maskface.humans import (
        human_guards,
        read_study,
        require_empty,
        study_text,
        summarize_humans,
        write_study,
    )

    require_empty(out)
    study = read_study(files, column_map, dataset=dataset)
    summary = summarize_humans(study.responses, crossed=crossed, seed=seed)
    paths = write_study(study, summary, out, seed=seed)
    answer(
        lambda: "\n".join([study_text(study, summary), "", *map(str, paths)]),
        lambda: {
            "run_id": study.run_id,
            "folder": out,
            "summary": rows(summary),
            "exclusions": rows(study.exclusions),
            "guards": rows(human_guards(study)),
            "files": paths,
        },
        as_json=as_json,
    )


@verb("compare results/", "compare people/ --mask lower --json")
def compare(
    folder: Annotated[
        Path, argument("RUN", "Folder of a run, or of a study by 'maskface humans'.")
    ],
    mask_condition: Annotated[
        list[str] | None,
        option(
            "Condition that counts as a face mask, whatever its name; repeatable.",
            "--mask",
            metavar="CONDITION",
        ),
    ] = None,
    seed: Seed = 0,
    *,
    as_json: Json = False,
) -> None:
    """Compare a run with published findings, claim by claim.

    The findings are about human observers of masked faces.
    """
    from maskface.findings import compare_run, comparison_text, comparison_values

    results = compare_run(folder, masks=tuple(mask_condition or ()), seed=seed)
    answer(
        lambda: comparison_text(results),
        lambda: {"folder": folder, "claims": comparison_values(results)},
        as_json=as_json,
    )


@verb(
    "compare-worn example_worn --out worn/",
    "compare-worn class/index.csv --out worn/ --placed --show-faces",
    name="compare-worn",
    exit_1="a pair cannot be compared",
    kept="Delete the files in the folder of --out, if there are any",
)
def compare_worn(
    pairs: Annotated[
        str,
        argument(
            "PAIRS",
            "Index with the columns path, emotion, subject, pair and wearing (plain, or a mask "
            "such as surgical), and alpha where it is known; or a data set.",
            complete=data_names,
        ),
    ],
    out: ResultFolder,
    classifier: Classifiers = CLASSIFIERS,
    *,
    placed: Annotated[
        bool, option("Draw each mask where the worn one sits, if that is known.", "--placed")
    ] = False,
    show_faces: ShowFaces = False,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare masks that people wear with the same masks drawn.

    A pair is one person in one expression, plain and with a mask, which is
    drawn on the plain picture. Writes pairs.csv, compare_worn.csv, answers.csv
    and compare_worn.html: outlines, colour and sharpness, answers and losses,
    how well both are told apart, and what each gives away of the expression.
    """
    from maskface.analyses.worn import compare_worn as compare
    from maskface.analyses.worn import left_out_sentences, worn_text
    from maskface.documents import rows
    from maskface.humans import require_empty
    from maskface.report.worn import write_worn

    require_empty(out)
    found = compare(pairs, classifiers=classifier, placed=placed, seed=seed, progress=not quiet)
    paths = write_worn(found, out, faces_allowed=show_faces)
    answer(
        lambda: "\n".join([worn_text(found), "", *map(str, paths)]),
        lambda: {
            "folder": out,
            "comparison": rows(found.comparison),
            "pairs": rows(found.pairs),
            "files": paths,
        },
        as_json=as_json,
    )
    if left_out_sentences(found.pairs):
        raise SystemExit(FAILED)


@verb(
    "power --loss 5 --subjects 20,40,80,160 --images 12,36",
    "power pilot/ --classifier fer --condition surgical --loss 10",
)
def power(
    pilot: Annotated[
        Path | None,
        argument(
            "RUN", "Folder of a pilot run or study; published human observers if none is given."
        ),
    ] = None,
    *,
    loss: Annotated[
        float, option("True loss to detect, in percentage points.", metavar="POINTS")
    ] = 10,
    subjects: Annotated[
        str, option("Numbers of subjects (or observers) to try.", metavar="N,N")
    ] = "10,20,40,80",
    images: Annotated[
        str,
        option("Numbers of images of each subject, under each condition, to try.", metavar="N,N"),
    ] = "6,12,24",
    classifier: Annotated[
        str,
        option(
            "Classifier of the pilot, if it has several.",
            metavar="NAME",
            complete=classifier_names,
            show_default=False,
        ),
    ] = "",
    condition: Annotated[
        str,
        option("Condition of the pilot, if it has several.", metavar="NAME", show_default=False),
    ] = "",
    emotion: Annotated[
        str,
        option(
            "Use only faces that show this emotion.", metavar="EMOTION", complete=one_of(EMOTIONS)
        ),
    ] = "all",
    wanted: Annotated[
        float, option("Power to reach.", "--power", metavar="SHARE", min=0, max=1)
    ] = 0.8,
    level: Annotated[float, option("Confidence level of the interval.", metavar="SHARE")] = 0.95,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Find how many subjects and images it takes to detect a loss.

    Simulates studies of several sizes.
    """
    from maskface.power import (
        human_variances,
        parse_sizes,
        pilot_variances,
        power_text,
        power_values,
        simulate_power,
    )

    sizes = parse_sizes(subjects, "--subjects"), parse_sizes(images, "--images")
    if pilot is None:
        variances = human_variances(emotion)
    else:
        variances = pilot_variances(
            pilot, classifier=classifier, condition=condition, emotion=emotion
        )
    found = simulate_power(variances, loss / 100, *sizes, level=level, seed=seed)
    answer(
        lambda: power_text(found, variances, loss / 100, wanted=wanted),
        lambda: power_values(found, variances, loss / 100, wanted=wanted),
        as_json=as_json,
    )
