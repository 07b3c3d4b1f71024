"""The people: who they are and how they look.

The table itself is ``people.csv``; the words in it are explained here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tools.make_faces.assets import Assets, Floats

RGB = tuple[float, float, float]

# Diffuse skin colours, light to dark, linear RGB.
SKIN: tuple[RGB, ...] = (
    (0.66, 0.415, 0.31), (0.62, 0.375, 0.265), (0.57, 0.335, 0.225), (0.50, 0.28, 0.18),
    (0.45, 0.245, 0.15), (0.36, 0.185, 0.11), (0.27, 0.132, 0.077), (0.19, 0.09, 0.053),
    (0.13, 0.06, 0.037), (0.09, 0.042, 0.028),
)  # fmt: skip
HAIR: dict[str, RGB] = {
    "black": (0.020, 0.016, 0.014), "dark": (0.055, 0.034, 0.022), "brown": (0.15, 0.085, 0.048),
    "chestnut": (0.26, 0.13, 0.065), "blond": (0.56, 0.43, 0.28), "sand": (0.40, 0.27, 0.15),
    "red": (0.45, 0.15, 0.05), "grey": (0.45, 0.44, 0.43), "white": (0.82, 0.81, 0.79),
    "pepper": (0.17, 0.165, 0.16),
}  # fmt: skip
IRIS: dict[str, RGB] = {
    "brown": (0.105, 0.05, 0.022), "dark": (0.045, 0.022, 0.012), "hazel": (0.19, 0.125, 0.05),
    "green": (0.15, 0.17, 0.09), "blue": (0.14, 0.23, 0.34), "grey": (0.22, 0.25, 0.28),
}  # fmt: skip
SHIRT: dict[str, RGB] = {
    "navy": (0.03, 0.045, 0.09), "grey": (0.2, 0.2, 0.21), "white": (0.72, 0.72, 0.70),
    "black": (0.022, 0.022, 0.025), "olive": (0.10, 0.11, 0.06), "wine": (0.16, 0.03, 0.045),
    "teal": (0.04, 0.13, 0.14), "sand": (0.45, 0.38, 0.29), "blue": (0.12, 0.2, 0.36),
    "rust": (0.32, 0.11, 0.05),
}  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """One synthetic person.

    Attributes
    ----------
    subject : ``S01`` ...
    sex : ``female`` or ``male``
    age : years
    ancestry : weights of the three MakeHuman ancestry targets, adding up to 1
    skin : index into `SKIN`
    freckles, makeup : 0 none ... 1 strong
    hair, hair_colour : style in `hair_styles.STYLES`, colour in `HAIR`
    iris, shirt, neckline : looks
    beard : ``none``, ``stubble``, ``moustache``, ``goatee``, ``short`` or ``full``
    glasses : ``none``, ``round``, ``square`` or ``browline``
    weight : 0 thin ... 1 heavy
    seed : of everything random about the person
    """

    subject: str
    sex: str
    age: int
    ancestry: dict[str, float]
    skin: int
    hair: str
    hair_colour: str
    iris: str
    shirt: str
    neckline: str = "crew"
    beard: str = "none"
    glasses: str = "none"
    weight: float = 0.5
    seed: int = 0
    freckles: float = 0.0
    makeup: float = 0.0
    shape: dict[str, float] = field(default_factory=dict)

    @property
    def accessories(self) -> str:
        """What the person wears or grows on the face, for the index."""
        worn = [f"glasses:{self.glasses}"] if self.glasses != "none" else []
        grown = [f"beard:{self.beard}"] if self.beard != "none" else []
        return "+".join(worn + grown) or "none"


def _read(row: dict[str, str], seed: int) -> Identity:
    ancestry = {name: float(row[name]) for name in ("caucasian", "african", "asian")}
    return Identity(
        subject=row["subject"],
        sex=row["sex"],
        hair=row["hair"],
        hair_colour=row["hair_colour"],
        iris=row["iris"],
        shirt=row["shirt"],
        neckline=row["neckline"],
        beard=row["beard"],
        glasses=row["glasses"],
        age=int(row["age"]),
        skin=int(row["skin"]),
        ancestry={name: share for name, share in ancestry.items() if share},
        weight=float(row["weight"]),
        freckles=float(row["freckles"]),
        makeup=float(row["makeup"]),
        seed=1000 * seed + int(row["subject"][1:]),
    )


def people(seed: int = 0) -> tuple[Identity, ...]:
    """Return the people of ``people.csv``.

    Parameters
    ----------
    seed
        Another seed gives other faces to the same table rows.
    """
    table = Path(__file__).with_name("people.csv")
    with table.open(newline="", encoding="utf-8") as source:
        return tuple(_read(row, seed) for row in csv.DictReader(source))


TURNED = ("S01", "S02", "S08", "S11", "S15", "S20")

# Shape targets that vary freely between people: (decreasing, increasing, spread).
_FREE = [
    ("nose/nose-scale-horiz", 0.35), ("nose/nose-scale-vert", 0.3),
    ("nose/nose-hump", 0.25), ("nose/nose-volume", 0.25), ("nose/nose-width1", 0.25),
    ("nose/nose-width2", 0.25), ("nose/nose-scale-depth", 0.25), ("mouth/mouth-scale-horiz", 0.3),
    ("mouth/mouth-upperlip-volume", 0.35), ("mouth/mouth-lowerlip-volume", 0.35),
    ("mouth/mouth-cupidsbow", 0.35), ("chin/chin-height", 0.3), ("chin/chin-width", 0.3),
    ("chin/chin-prominent", 0.25), ("chin/chin-bones", 0.25), ("head/head-fat", 0.25),
    ("head/head-scale-horiz", 0.1), ("head/head-scale-vert", 0.08),
    ("forehead/forehead-nubian", 0.1),
    ("forehead/forehead-scale-vert", 0.1), ("neck/neck-scale-horiz", 0.2),
]  # fmt: skip
_PAIRED = [
    ("eyes/{}-eye-scale", 0.25), ("eyes/{}-eye-height2", 0.25), ("cheek/{}-cheek-bones", 0.35),
    ("cheek/{}-cheek-volume", 0.3), ("ears/{}-ear-scale", 0.3), ("ears/{}-ear-wing", 0.3),
]  # fmt: skip
_HEAD_FORMS = ("head-oval", "head-round", "head-invertedtriangular", "head-diamond")


def _signed(assets: Assets, stem: str, value: float) -> Floats:
    return assets.target(f"{stem}-{'incr' if value > 0 else 'decr'}") * abs(value)


def _macro(assets: Assets, who: Identity) -> Floats:
    """Age, sex, ancestry and build: the coarse shape."""
    old = float(np.clip((who.age - 25) / 65, 0, 1))
    teen = float(np.clip((25 - who.age) / 13, 0, 1)) * 0.6
    ages = {"young": 1 - old - teen, "old": old, "child": teen}
    heavy, thin = max(0.0, 2 * who.weight - 1), max(0.0, 1 - 2 * who.weight)
    builds = {"maxweight": heavy, "minweight": thin, "averageweight": 1 - heavy - thin}
    # A little of the other sex keeps jaws and brows from looking like caricatures.
    other = "female" if who.sex == "male" else "male"
    sexes = {who.sex: 0.85, other: 0.15}
    total = np.zeros_like(assets.mesh.vertices)
    for age, age_share in ages.items():
        if age_share == 0:
            continue
        for sex, sex_share in sexes.items():
            share = age_share * sex_share
            for build, amount in builds.items():
                name = f"macrodetails/universal-{sex}-{age}-averagemuscle-{build}"
                total += share * amount * assets.target(name)
            for ancestry, amount in who.ancestry.items():
                total += share * amount * assets.target(f"macrodetails/{ancestry}-{sex}-{age}")
    return total


def _details(assets: Assets, who: Identity, rng: np.random.Generator) -> Floats:
    """Nose, mouth, chin, cheeks, ears: the free variation between people."""
    total = np.zeros_like(assets.mesh.vertices)
    for stem, spread in _FREE:
        total += _signed(assets, stem, float(np.clip(rng.normal(), -1.6, 1.6)) * spread)
    for stem, spread in _PAIRED:
        value = float(np.clip(rng.normal(), -1.6, 1.6)) * spread
        for side in "lr":
            total += _signed(assets, stem.format(side), value + rng.normal() * 0.03)
    form = _HEAD_FORMS[int(rng.integers(len(_HEAD_FORMS)))]
    total += assets.target(f"head/{form}") * rng.uniform(0.1, 0.3)
    return total


def shape(assets: Assets, who: Identity) -> Floats:
    """Return the neutral vertices of a person, centimetres, not yet centred."""
    rng = np.random.default_rng([who.seed, 1])
    vertices = assets.mesh.vertices + _macro(assets, who) + _details(assets, who, rng)
    for name, amount in who.shape.items():
        vertices = vertices + amount * assets.target(name)
    return vertices
