"""Power by simulation, against the power of the paired t test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri
from statsmodels.stats.power import TTestPower

from maskface.errors import MaskfaceError
from maskface.power import (
    Variances,
    human_variances,
    parse_sizes,
    pilot_variances,
    power_text,
    simulate_power,
)
from maskface.tables import RESPONSES, TRIALS


def normal(between: float, changed: float) -> Variances:
    """Normal losses of subjects; images that change at random."""
    effects = ndtri((np.arange(400) + 0.5) / 400)
    effects *= between / effects.std() if between else 0
    outcomes = np.tile([changed / 2, 1 - changed, changed / 2], (400, 1))
    return Variances("made up", ("subject", "image"), effects, outcomes)


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.12])
@pytest.mark.parametrize(("between", "changed"), [(0.2, 0.0), (0.1, 0.4)])
def test_power_is_that_of_the_paired_t_test(loss: float, between: float, changed: float) -> None:
    found = simulate_power(normal(between, changed), loss, (8, 30), (12,), n_simulations=6000)
    for one in found:
        sd = np.sqrt(between**2 + changed / one.images)
        truth = TTestPower().power(loss / sd, one.subjects, 0.05) if loss else 0.05
        assert one.power == pytest.approx(truth, abs=0.02)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_wrong_sign_is_no_power(sign: int) -> None:
    """With hardly any effect, two sides reject at .05, and the right one at about half of that."""
    found = simulate_power(normal(0.2, 0.0), sign * 1e-6, (20,), (4,), n_simulations=20_000)[0]
    null = simulate_power(normal(0.2, 0.0), 0.0, (20,), (4,), n_simulations=20_000)[0]
    assert found.power == pytest.approx(0.025, abs=0.005)
    assert null.power == pytest.approx(0.05, abs=0.007)


def test_half_width_is_that_of_the_t_interval() -> None:
    one = simulate_power(normal(0.2, 0.0), 0.1, (50,), (4,), n_simulations=4000)[0]
    assert one.half_width == pytest.approx(2.0096 * 0.2 / np.sqrt(50), rel=0.01)


def test_the_seed_decides_whatever_else_is_tried() -> None:
    variances = human_variances("disgust")
    alone = simulate_power(variances, 0.1, (20,), (6,), seed=3)
    among = simulate_power(variances, 0.1, (10, 20), (4, 6), seed=3)
    assert alone[0] == among[-1]
    assert simulate_power(variances, 0.1, (20,), (6,), seed=4) != alone
    assert [(one.subjects, one.images) for one in among] == [(10, 4), (10, 6), (20, 4), (20, 6)]


def test_more_subjects_and_images_show_more() -> None:
    few, more, most = simulate_power(human_variances(), 0.05, (40,), (6,)) + simulate_power(
        human_variances(), 0.05, (80,), (6, 36)
    )
    assert few.power < more.power < most.power
    assert few.half_width > more.half_width > most.half_width


def pilot(folder: Path, n: int, images: int, between: float, seed: int, *, human: bool) -> Path:
    """A run whose subjects (or observers) lose .3 on average, with a known spread."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        plain, lost = 0.8, float(np.clip(0.3 + between * rng.standard_normal(), -0.2, 0.8))
        for k in range(images):
            for condition, p in (("none", plain), ("mask", plain - lost)):
                right = int(rng.random() < p)
                rows.append(
                    {"dataset": "d", "image_id": f"{i}-{k}", "subject_id": f"s{i}",
                     "label": "anger", "condition": condition, "classifier": "c",
                     "predicted": "anger" if right else "fear", "correct": right, "status": "ok",
                     "observer_id": f"o{i}", "trial": 2 * k + (condition == "mask")}
                )  # fmt: skip
    table = RESPONSES if human else TRIALS
    table.write(table.frame(rows), folder / f"{table.name}.csv")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("human", [False, True])
def test_variances_of_a_pilot_are_recovered(tmp_path: Path, human: bool) -> None:
    found = pilot_variances(pilot(tmp_path, 300, 20, 0.15, seed=1, human=human))
    assert found.between_sd == pytest.approx(0.15, abs=0.02)
    # A pair of independent trials varies by p (1 - p) of each.
    truth = np.sqrt(0.8 * 0.2 + 0.5 * 0.5 - 0.15**2)
    assert found.within_sd == pytest.approx(truth, abs=0.02)
    simulated = simulate_power(found, 0.0, (20,), (20,), n_simulations=4000)[0]
    assert simulated.power == pytest.approx(0.05, abs=0.015)
    sd = np.sqrt(found.between_sd**2 + found.within_sd**2 / 20)
    assert simulated.half_width == pytest.approx(2.093 * sd / np.sqrt(20), rel=0.03)


def test_pilot_without_differences_between_subjects(tmp_path: Path) -> None:
    found = pilot_variances(pilot(tmp_path, 12, 10, 0.0, seed=2, human=False))
    assert found.between_sd < 0.1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classifier": "far"}, "Choose one classifier with --classifier: c"),
        ({"condition": "hat"}, "Choose one condition with --condition: mask"),
        ({"emotion": "disgust"}, "no such trials"),
    ],
)
def test_choices_are_named(tmp_path: Path, options: dict[str, str], words: str) -> None:
    pilot(tmp_path, 3, 3, 0.1, seed=3, human=False)
    with pytest.raises(MaskfaceError, match=words):
        pilot_variances(tmp_path, **options)


def test_folders_and_numbers_out_of_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MaskfaceError, match=r"neither trials\.csv nor responses\.csv"):
        pilot_variances(tmp_path)
    with pytest.raises(MaskfaceError, match="no human figures for 'neutral'"):
        human_variances("neutral")
    with pytest.raises(MaskfaceError, match="two subjects or more"):
        pilot_variances(pilot(tmp_path, 1, 3, 0.1, seed=4, human=False))
    variances = human_variances()
    for loss, subjects, images, level, n in (
        (2, (10,), (5,), 0.95, 10), (0.1, (1,), (5,), 0.95, 10), (0.1, (10,), (), 0.95, 10),
        (0.1, (10,), (5,), 1.0, 10), (0.1, (10,), (5,), 0.95, 0), (0.1, (10**9,), (5,), 0.95, 10),
    ):  # fmt: skip
        with pytest.raises(MaskfaceError):
            simulate_power(variances, loss, subjects, images, level=level, n_simulations=n)
    with pytest.raises(MaskfaceError, match="--subjects must be"):
        parse_sizes("ten", "--subjects")
    assert parse_sizes("10, 20", "--subjects") == (10, 20)


def test_text_names_the_smallest_design() -> None:
    variances = human_variances()
    found = simulate_power(variances, 0.1, (10, 40, 80), (12, 36))
    text = power_text(found, variances, 0.1)
    assert "40 observers with 12 trials each" in text
    assert "Williams et al. 2023" in text
    assert "No design here" in power_text(found[:1], variances, 0.1)
