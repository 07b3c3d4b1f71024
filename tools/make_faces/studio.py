"""The photographic studio in Blender: camera, lights, backdrop, rendering.

Lights and camera never move: for another view the person turns. The person is
given in centimetres with y up; Blender wants z up, so every array is rotated here.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector

from tools.make_faces import shading
from tools.make_faces.assets import Floats, Ints

CAMERA_DISTANCE = 150.0
FRAME_HEIGHT = 29.5


def to_blender(points: Floats) -> Floats:
    """Rotate y-up points into Blender's z-up frame (the face looks along -y)."""
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], -1)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Blender's progress lines off the terminal; they cannot be switched off."""
    saved = os.dup(1)
    with Path(os.devnull).open("w") as sink:
        os.dup2(sink.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(saved, 1)
            os.close(saved)


class Studio:
    """An empty studio with the subject's eyes at the origin.

    Parameters
    ----------
    size
        Image side in pixels.
    samples
        Light paths per pixel; a denoiser follows.
    threads
        CPU threads.
    """

    def __init__(self, size: int = 384, samples: int = 48, threads: int = 2) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.scene = bpy.context.scene
        self._configure(size, samples, threads)
        self._centre = Vector((0.0, 0.0, -1.0))
        self._light()
        self._camera()
        self.person = bpy.data.objects.new("person", None)
        self.person.location = (0.0, 9.0, 0.0)
        self.scene.collection.objects.link(self.person)
        self._meshes: dict[str, Any] = {}

    def _configure(self, size: int, samples: int, threads: int) -> None:
        render, cycles = self.scene.render, self.scene.cycles
        render.engine = "CYCLES"
        render.threads_mode, render.threads = "FIXED", threads
        render.resolution_x = render.resolution_y = size
        render.image_settings.file_format = "PNG"
        render.image_settings.color_mode = "RGB"
        render.use_persistent_data = True
        cycles.device, cycles.samples, cycles.seed = "CPU", samples, 7
        cycles.use_adaptive_sampling = True
        cycles.adaptive_threshold = 0.03
        cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
        cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
        cycles.denoising_prefilter = "FAST"
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 3, 1, 1
        cycles.use_light_tree = False
        cycles.transparent_max_bounces = 12
        cycles.caustics_reflective = cycles.caustics_refractive = False
        cycles.sample_clamp_indirect = 4.0
        self.scene.cycles_curves.shape = "RIBBONS"
        self.scene.view_settings.view_transform = "AgX"
        self.scene.view_settings.look = "AgX - Medium High Contrast"

    def set_exposure(self, stops: float) -> None:
        """Set the camera exposure, as a photographer would for the sitter's skin."""
        self.scene.view_settings.exposure = stops

    def _area(self, at: tuple[float, float, float], side: float, watts: float, rgb: Any) -> None:
        light = bpy.data.lights.new("softbox", "AREA")
        light.energy, light.size, light.color = watts, side, rgb
        box = bpy.data.objects.new("softbox", light)
        box.location = self._centre + Vector(at)
        box.rotation_euler = (-Vector(at)).to_track_quat("-Z", "Y").to_euler()
        self.scene.collection.objects.link(box)

    def _light(self) -> None:
        world = bpy.data.worlds.new("room")
        self.scene.world = world
        world.use_nodes = True
        room = world.node_tree.nodes["Background"]
        room.inputs["Color"].default_value = (0.95, 0.97, 1.0, 1)
        room.inputs["Strength"].default_value = 0.33
        self._area((-62, -95, 58), 62, 118000, (1.0, 0.965, 0.92))
        self._area((75, -85, 18), 75, 38000, (0.94, 0.97, 1.0))
        self._area((48, 80, 75), 45, 52000, (1.0, 1.0, 1.0))
        self._area((-70, 60, 40), 40, 20000, (1.0, 1.0, 1.0))
        bpy.ops.mesh.primitive_plane_add(size=600, location=(0, 110, 0))
        wall = bpy.context.object
        wall.rotation_euler = (math.pi / 2, 0, 0)
        wall.data.materials.append(shading.backdrop((0.40, 0.415, 0.43), (0.22, 0.23, 0.245)))

    def _camera(self) -> None:
        camera = bpy.data.cameras.new("camera")
        camera.sensor_width, camera.clip_end = 36.0, 2000.0
        camera.lens = 36.0 * CAMERA_DISTANCE / FRAME_HEIGHT
        holder = bpy.data.objects.new("camera", camera)
        holder.location = self._centre + Vector((0, -CAMERA_DISTANCE, 0))
        holder.rotation_euler = (math.pi / 2, 0, 0)
        self.scene.collection.objects.link(holder)
        self.scene.camera = holder

    def turn(self, yaw_degrees: float) -> None:
        """Turn the person; positive is toward the right side of the picture."""
        self.person.rotation_euler = (0, 0, math.radians(yaw_degrees))

    def _own(self, obj: Any) -> None:
        self.scene.collection.objects.link(obj)
        obj.parent = self.person
        obj.location = -self.person.location

    def add_mesh(
        self,
        name: str,
        vertices: Floats,
        quads: Ints,
        material: Any,
        vectors: dict[str, Floats] | None = None,
        scalars: dict[str, Floats] | None = None,
    ) -> None:
        """Add a smooth-shaded mesh with optional vertex attributes."""
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata(to_blender(vertices).tolist(), [], [list(map(int, q)) for q in quads])
        mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
        for key, values in (vectors or {}).items():
            mesh.attributes.new(key, "FLOAT_VECTOR", "POINT")
            mesh.attributes[key].data.foreach_set("vector", values.astype(np.float32).ravel())
        for key, values in (scalars or {}).items():
            mesh.attributes.new(key, "FLOAT", "POINT")
            mesh.attributes[key].data.foreach_set("value", values.astype(np.float32).ravel())
        mesh.materials.append(material)
        self._meshes[name] = bpy.data.objects.new(name, mesh)
        self._own(self._meshes[name])

    def move_mesh(self, name: str, vertices: Floats, colour: Floats | None = None) -> None:
        """Replace the vertex positions (and colours) of a mesh."""
        mesh = self._meshes[name].data
        mesh.vertices.foreach_set("co", to_blender(vertices).astype(np.float32).ravel())
        if colour is not None:
            mesh.attributes["Col"].data.foreach_set("vector", colour.astype(np.float32).ravel())
        mesh.update()

    def remove(self, names: Iterable[str]) -> None:
        """Take meshes out of the studio."""
        for name in names:
            item = self._meshes.pop(name)
            data = item.data
            bpy.data.objects.remove(item)
            bpy.data.meshes.remove(data)

    def thicken(self, name: str, thickness: float) -> None:
        """Give a sheet a thickness, half of it to each side, in centimetres."""
        solid = self._meshes[name].modifiers.new("thick", "SOLIDIFY")
        solid.thickness, solid.offset = thickness, 0

    def add_strands(self, name: str, strands: Floats, radius: Floats, material: Any) -> None:
        """Add hair strands: (n, k, 3) points and (n, k) radii, centimetres."""
        curves = bpy.data.hair_curves.new(name)
        count, points, _ = strands.shape
        curves.add_curves([points] * count)
        curves.position_data.foreach_set("vector", to_blender(strands).astype(np.float32).ravel())
        curves.attributes.new("radius", "FLOAT", "POINT")
        curves.attributes["radius"].data.foreach_set("value", radius.astype(np.float32).ravel())
        curves.materials.append(material)
        self._meshes[name] = bpy.data.objects.new(name, curves)
        self._own(self._meshes[name])

    def move_strands(self, name: str, strands: Floats) -> None:
        """Replace the points of a set of strands."""
        curves = self._meshes[name].data
        curves.position_data.foreach_set("vector", to_blender(strands).astype(np.float32).ravel())
        curves.update_tag()

    def shoot(self, path: Path) -> None:
        """Render a PNG file."""
        self.scene.render.filepath = str(path)
        with _quiet():
            bpy.ops.render.render(write_still=True)

    def shoot_share(self, names: Iterable[str], path: Path, samples: int = 16) -> None:
        """Render which share of each pixel shows some of the meshes: white all, black nothing.

        They shine, everything else is black; so hair in front of them is cut out.
        """
        scene, cycles, view = self.scene, self.scene.cycles, self.scene.view_settings
        shining = {self._meshes[name] for name in names}
        white, black = shading.flat(1.0), shading.flat(0.0)
        worn = {
            item: list(item.data.materials)
            for item in scene.objects
            if item.type in ("MESH", "CURVES")
        }
        for item in worn:
            item.data.materials.clear()
            item.data.materials.append(white if item in shining else black)
        values = (
            (cycles, {"use_denoising": False, "use_adaptive_sampling": False, "samples": samples}),
            (view, {"look": "None", "view_transform": "Raw", "exposure": 0.0}),
            (scene.render, {"dither_intensity": 0.0}),
        )
        before = [(owner, {k: getattr(owner, k) for k in new}) for owner, new in values]
        _set(values)
        self.shoot(path)
        _set([(owner, dict(reversed(old.items()))) for owner, old in before])
        for item, materials in worn.items():
            item.data.materials.clear()
            for material in materials:
                item.data.materials.append(material)


def _set(values: Iterable[tuple[Any, dict[str, Any]]]) -> None:
    for owner, new in values:
        for key, value in new.items():
            setattr(owner, key, value)
