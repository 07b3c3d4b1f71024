"""Build the picture set: people x emotions x intensities x views."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from tools.make_faces import drape, face_hair, hair, masks, paint, shading, wardrobe
from tools.make_faces import geometry as geo
from tools.make_faces.actions import EMOTIONS
from tools.make_faces.anatomy import EYES, Anatomy
from tools.make_faces.assets import Assets, Ints
from tools.make_faces.identities import HAIR, SHIRT, TURNED, Identity, people
from tools.make_faces.person import JAWS, TONGUE, Person, Pose
from tools.make_faces.studio import Studio

YAWS = (-40, -20, 20, 40)
PLAIN = "plain"
# How thick a beard stays under a mask, centimetres.
PRESSED = {"full": 0.5, "short": 0.2, "goatee": 0.15, "moustache": 0.1, "stubble": 0.03}


@dataclass(frozen=True)
class Shot:
    """One picture to take."""

    who: Identity
    emotion: str
    percent: int
    yaw: int
    wearing: str = PLAIN

    @property
    def stem(self) -> str:
        """File name without the ending, e.g. ``S01_anger_100_y+00`` or ``..._surgical``."""
        worn = "" if self.wearing == PLAIN else f"_{self.wearing}"
        return f"{self.who.subject}_{self.emotion}_{self.percent:03d}_y{self.yaw:+03d}{worn}"


def plan(seed: int = 0) -> list[Shot]:
    """Return every plain picture of the set, in order."""
    shots = []
    for who in people(seed):
        shots += [Shot(who, e, 0 if e == "neutral" else 100, 0) for e in EMOTIONS]
        shots += [Shot(who, e, 50, 0) for e in EMOTIONS if e != "neutral"]
        if who.subject in TURNED:
            shots += [
                Shot(who, e, 0 if e == "neutral" else 100, yaw) for yaw in YAWS for e in EMOTIONS
            ]
    return shots


class Sitting:
    """One person in the studio; expressions and views change, nothing else does.

    Parameters
    ----------
    anatomy
        Shared head anatomy.
    who
        The person.
    size, samples, threads
        See `Studio`.
    """

    def __init__(
        self, anatomy: Anatomy, who: Identity, size: int, samples: int, threads: int
    ) -> None:
        self.who, self.anatomy = who, anatomy
        self.person = Person(anatomy, who)
        self.studio = Studio(size, samples, threads)
        self.studio.set_exposure(0.0 + 0.055 * who.skin)
        self.fuzz = face_hair.FaceHair(anatomy, who)
        self._dress()

    def _dress(self) -> None:
        neutral, studio, who = self.person.neutral, self.studio, self.who
        groom = hair.groom(self.anatomy, who, neutral.skin, neutral.normals)
        colour = paint.skin(self.anatomy, who)
        self.colour = paint.scalp(self.anatomy, who, colour, groom.density)
        self.shown, quads = self._uncovered()
        studio.add_mesh(
            "skin", neutral.skin[self.shown], quads, shading.skin(0.5, 0.22),
            {"Col": self.colour[self.shown], "rest": self.anatomy.rest[self.shown]},
            {"gloss": paint.gloss(self.anatomy, who)[self.shown]},
        )  # fmt: skip
        self._add_parts(neutral)
        tint = HAIR[who.hair_colour]
        studio.add_strands("hair", groom.strands, groom.radius, shading.hair(tint))
        fuzz_tint = HAIR[self.fuzz.colour]
        for name, (strands, radius) in self.fuzz.strands(neutral).items():
            shader = shading.hair((0.012, 0.009, 0.008) if name == "lashes" else fuzz_tint)
            studio.add_strands(name, strands, radius, shader)
        for name, (vertices, quads) in wardrobe.shirt(self.anatomy, who, neutral).items():
            studio.add_mesh(
                name, vertices, quads, shading.cloth(SHIRT[who.shirt]), {"rest": vertices}
            )
        for name, (vertices, quads) in wardrobe.glasses(self.anatomy, who, neutral).items():
            studio.add_mesh(name, vertices, quads, wardrobe.frame_material(who))

    def _uncovered(self) -> tuple[Ints, Ints]:
        """Return the skin that the shirt leaves free (and a margin), to save work."""
        below = wardrobe.below_neckline(self.anatomy, self.who.neckline)
        quads = self.anatomy.quads
        return geo.compact(quads[(below[quads] < 2.0).any(1)])

    def _add_parts(self, neutral: Pose) -> None:
        eye, tooth = shading.eye(), shading.painted("teeth", 0.28, 0.4, 0.25)
        for name in EYES.values():
            quads = self.person.part_meshes[name][2]
            colour = paint.eyeball(neutral.parts[name], self.who)
            self.studio.add_mesh(name, neutral.parts[name], quads, eye, {"Col": colour})
        for name in JAWS:
            _, quads, colour = self.person.arches[name]
            self.studio.add_mesh(name, neutral.parts[name], quads, tooth, {"Col": colour})
        quads = self.person.part_meshes[TONGUE][2]
        flesh = shading.plain("tongue", (0.36, 0.11, 0.10), 0.4)
        self.studio.add_mesh(TONGUE, neutral.parts[TONGUE], quads, flesh)

    def strike(self, pose: Pose, yaw: float) -> None:
        """Put the person into a pose and a view."""
        colour = paint.wrinkled(self.colour, pose.crease)
        self.studio.move_mesh("skin", pose.skin[self.shown], colour[self.shown])
        for name, vertices in pose.parts.items():
            self.studio.move_mesh(name, vertices)
        for name, (strands, _) in self.fuzz.strands(pose).items():
            self.studio.move_strands(name, strands)
        self.studio.turn(yaw)

    def wear(self, pose: Pose, kind: str) -> list[str]:
        """Put a mask on the posed face; return the names of its meshes."""
        worn = masks.put_on(kind, self.who.seed)
        thick = PRESSED.get(self.who.beard, 0.0) * self.anatomy.soften(self.anatomy.beard, 6)
        sheet = drape.drape(self.anatomy, self.person.neutral, pose, worn, thick)
        for name, (strands, _) in self.fuzz.strands(pose).items():
            if name == "beard":
                self.studio.move_strands(name, drape.tuck(strands, sheet))
        dye = masks.DYES[worn.colour]
        cloth = shading.mask(dye, woven=kind == "cloth")
        self.studio.add_mesh(
            "mask", sheet.points.reshape(-1, 3), sheet.quads, cloth,
            {"rest": sheet.flat.reshape(-1, 3)},
        )  # fmt: skip
        self.studio.thicken("mask", 0.09 if kind == "cloth" else 0.05)
        tone = dye if worn.colour == "black" else (0.82, 0.82, 0.81)
        band = shading.plain("band", tone, 0.7, 0.2)
        for number, path in enumerate(sheet.loops):
            self.studio.add_mesh(f"loop{number}", *wardrobe.tube(path, 0.14, 8), band)
        return ["mask", *(f"loop{number}" for number in range(len(sheet.loops)))]

    def shoot(self, shot: Shot, path: Path, quality: int) -> None:
        """Take one picture and save it as JPEG (or PNG by the name's ending).

        Of a face with a mask, ``STEM.alpha.png`` beside it tells what the mask hides.
        """
        pose = self.person.express(shot.emotion, shot.percent / 100)
        self.strike(pose, shot.yaw)
        worn = [] if shot.wearing == PLAIN else self.wear(pose, shot.wearing)
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder) / "raw.png"
            self.studio.shoot(raw)
            with Image.open(raw) as picture:
                picture.convert("RGB").save(path, quality=quality, optimize=True, subsampling=2)
            if worn:
                self.studio.shoot_share(worn, raw)
                with Image.open(raw) as picture:
                    share = picture.convert("RGB").getchannel("R")
                    share.save(path.with_name(f"{path.stem}.alpha.png"), optimize=True)
        self.studio.remove(worn)


def select(
    only: Iterable[str] = (),
    emotions: Iterable[str] = (),
    views: Iterable[int] = (),
    percents: Iterable[int] = (),
    seed: int = 0,
    wearing: Iterable[str] = (PLAIN,),
) -> list[Shot]:
    """Return the planned pictures that match, plain or with masks; an empty choice means all."""
    only, emotions, views, percents = set(only), set(emotions), set(views), set(percents)
    return [
        replace(shot, wearing=kind)
        for shot in plan(seed)
        for kind in wearing
        if (not only or shot.who.subject in only)
        and (not emotions or shot.emotion in emotions)
        and (not views or shot.yaw in views)
        and (not percents or shot.percent in percents or shot.emotion == "neutral")
    ]  # fmt: skip


@dataclass(frozen=True)
class Options:
    """How to render: picture side, light paths per pixel, threads, JPEG quality."""

    size: int = 384
    samples: int = 10
    threads: int = 2
    quality: int = 88


def sit(shots: list[Shot], out: Path, options: Options) -> str:
    """Take all pictures of one person; return a line for the log."""
    start = time.perf_counter()
    who = shots[0].who
    sitting = Sitting(Anatomy(Assets()), who, options.size, options.samples, options.threads)
    for shot in shots:
        sitting.shoot(shot, out / f"{shot.stem}.jpg", options.quality)
    spent = time.perf_counter() - start
    return f"{who.subject}: {len(shots)} pictures, {spent / len(shots):.1f} s each"


def build(shots: list[Shot], out: Path, options: Options) -> None:
    """Take the pictures, one sitting per person."""
    out.mkdir(parents=True, exist_ok=True)
    for subject in dict.fromkeys(shot.who.subject for shot in shots):
        print(sit([s for s in shots if s.who.subject == subject], out, options), flush=True)
