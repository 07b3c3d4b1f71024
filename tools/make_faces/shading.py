"""Blender materials: skin, eyes, teeth, hair, cloth, spectacles."""

from __future__ import annotations

from typing import Any

import bpy

RGB = tuple[float, float, float]


def _principled(name: str, **inputs: Any) -> tuple[Any, Any]:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    for key, value in inputs.items():
        shader.inputs[key.replace("_", " ")].default_value = value
    return material, shader


def _node(material: Any, kind: str, **inputs: Any) -> Any:
    node = material.node_tree.nodes.new(f"ShaderNode{kind}")
    for key, value in inputs.items():
        node.inputs[key.replace("_", " ")].default_value = value
    return node


def _link(material: Any, source: Any, target: Any) -> None:
    material.node_tree.links.new(source, target)


def _attribute(material: Any, name: str) -> Any:
    node = _node(material, "Attribute")
    node.attribute_name = name
    return node


def skin(roughness: float, subsurface: float) -> Any:
    """Return skin: painted colour, scattering, pores that stick to the rest pose."""
    material, shader = _principled(
        "skin",
        Roughness=roughness,
        Subsurface_Weight=subsurface,
        Subsurface_Scale=0.35,
        Subsurface_Radius=(1.0, 0.38, 0.22),
        Specular_IOR_Level=0.42,
    )
    colour, rest = _attribute(material, "Col"), _attribute(material, "rest")
    mottle = _node(material, "TexNoise", Scale=2.2, Detail=5.0)
    _link(material, rest.outputs["Vector"], mottle.inputs["Vector"])
    ramp = _node(material, "MapRange", From_Min=0.3, From_Max=0.7, To_Min=0.90, To_Max=1.08)
    _link(material, mottle.outputs["Fac"], ramp.inputs["Value"])
    scale = _node(material, "VectorMath")
    scale.operation = "SCALE"
    _link(material, colour.outputs["Color"], scale.inputs[0])
    _link(material, ramp.outputs["Result"], scale.inputs["Scale"])
    _link(material, scale.outputs["Vector"], shader.inputs["Base Color"])
    _pores(material, shader, rest)
    gloss = _attribute(material, "gloss")
    _link(material, gloss.outputs["Fac"], shader.inputs["Roughness"])
    return material


def _pores(material: Any, shader: Any, rest: Any) -> None:
    pores = _node(material, "TexVoronoi", Scale=7.0)
    grain = _node(material, "TexNoise", Scale=11.0, Detail=5.0)
    for node in (pores, grain):
        _link(material, rest.outputs["Vector"], node.inputs["Vector"])
    height = _node(material, "Math")
    height.operation = "ADD"
    _link(material, pores.outputs["Distance"], height.inputs[0])
    _link(material, grain.outputs["Fac"], height.inputs[1])
    bump = _node(material, "Bump", Strength=0.3, Distance=0.06)
    _link(material, height.outputs["Value"], bump.inputs["Height"])
    _link(material, bump.outputs["Normal"], shader.inputs["Normal"])


def painted(name: str, roughness: float, specular: float, subsurface: float = 0.0) -> Any:
    """Return a plain surface that takes its colour from the vertices."""
    material, shader = _principled(
        name,
        Roughness=roughness,
        Specular_IOR_Level=specular,
        Subsurface_Weight=subsurface,
        Subsurface_Scale=0.15,
        Subsurface_Radius=(1.0, 0.5, 0.3),
    )
    colour = _attribute(material, "Col")
    _link(material, colour.outputs["Color"], shader.inputs["Base Color"])
    return material


def eye() -> Any:
    """Return the eyeball: painted iris and white under a clear wet coat."""
    material, shader = _principled(
        "eye", Roughness=0.25, Specular_IOR_Level=0.3, Coat_Weight=1.0, Coat_Roughness=0.02
    )
    colour = _attribute(material, "Col")
    _link(material, colour.outputs["Color"], shader.inputs["Base Color"])
    return material


def hair(colour: RGB, spread: float = 0.3) -> Any:
    """Return a hair shader: a matt body under a highlight that runs along the strand.

    The full physical hair model costs twice the render time and, at this size,
    looks much the same.
    """
    material = bpy.data.materials.new("hair")
    material.use_nodes = True
    material.node_tree.nodes.clear()
    output = _node(material, "OutputMaterial")
    info = _node(material, "HairInfo")
    ramp = _node(material, "MapRange", To_Min=1 - spread, To_Max=1 + spread)
    _link(material, info.outputs["Random"], ramp.inputs["Value"])
    scale = _node(material, "VectorMath")
    scale.operation = "SCALE"
    scale.inputs[0].default_value = colour
    _link(material, ramp.outputs["Result"], scale.inputs["Scale"])
    body = _node(material, "BsdfDiffuse")
    _link(material, scale.outputs["Vector"], body.inputs["Color"])
    shine = _node(material, "BsdfHair", RoughnessU=0.25, RoughnessV=0.55)
    shine.component = "Reflection"
    shine.inputs["Color"].default_value = (*(0.35 + 0.5 * c for c in colour), 1)
    mix = _node(material, "MixShader")
    mix.inputs[0].default_value = 0.22
    _link(material, body.outputs[0], mix.inputs[1])
    _link(material, shine.outputs[0], mix.inputs[2])
    _link(material, mix.outputs[0], output.inputs["Surface"])
    return material


def backdrop(centre: RGB, edge: RGB) -> Any:
    """Return a paper backdrop with a soft pool of light behind the sitter."""
    material = bpy.data.materials.new("paper")
    material.use_nodes = True
    material.node_tree.nodes.clear()
    output, glow = _node(material, "OutputMaterial"), _node(material, "Emission")
    place = _node(material, "TexCoord")
    distance = _node(material, "VectorMath")
    distance.operation = "DISTANCE"
    distance.inputs[1].default_value = (0.45, 0.5, 0.0)
    _link(material, place.outputs["Window"], distance.inputs[0])
    fade = _node(material, "MapRange", From_Min=0.05, From_Max=0.75)
    fade.interpolation_type = "SMOOTHSTEP"
    _link(material, distance.outputs["Value"], fade.inputs["Value"])
    mix = _node(material, "MixRGB")
    mix.inputs[1].default_value, mix.inputs[2].default_value = (*centre, 1), (*edge, 1)
    _link(material, fade.outputs["Result"], mix.inputs[0])
    _link(material, mix.outputs[0], glow.inputs["Color"])
    _link(material, glow.outputs[0], output.inputs["Surface"])
    return material


def plain(name: str, colour: RGB, roughness: float, specular: float = 0.5) -> Any:
    """Return a one-colour surface."""
    return _principled(
        name, Base_Color=(*colour, 1), Roughness=roughness, Specular_IOR_Level=specular
    )[0]


def cloth(colour: RGB) -> Any:
    """Return matt cloth with a fine knit bump and a soft sheen."""
    material, shader = _principled(
        "cloth", Base_Color=(*colour, 1), Roughness=0.9, Specular_IOR_Level=0.15, Sheen_Weight=0.25
    )
    rest = _attribute(material, "rest")
    knit = _node(material, "TexNoise", Scale=6.0, Detail=3.0)
    _link(material, rest.outputs["Vector"], knit.inputs["Vector"])
    bump = _node(material, "Bump", Strength=0.25, Distance=0.08)
    _link(material, knit.outputs["Fac"], bump.inputs["Height"])
    _link(material, bump.outputs["Normal"], shader.inputs["Normal"])
    return material


def mask(colour: RGB, *, woven: bool = False) -> Any:
    """Return the cloth of a mask: fibres, welded dots and a paler border, or a weave."""
    material, shader = _principled(
        "mask", Roughness=0.85, Specular_IOR_Level=0.2, Sheen_Weight=0.25 if woven else 0.12
    )
    place, parts = _attribute(material, "rest"), _node(material, "SeparateXYZ")
    _link(material, place.outputs["Vector"], parts.inputs[0])
    mix = _node(material, "MixRGB")
    mix.inputs[1].default_value = (*colour, 1)
    mix.inputs[2].default_value = (*(c + 0.22 * (0.75 - c) * (c > 0.1) for c in colour), 1)
    _link(material, parts.outputs[2], mix.inputs[0])
    blotch = _node(material, "TexNoise", Scale=0.9, Detail=8.0, Roughness=0.8)
    _link(material, place.outputs["Vector"], blotch.inputs["Vector"])
    shade = _node(material, "MapRange", From_Min=0.25, From_Max=0.75, To_Min=0.80, To_Max=1.12)
    _link(material, blotch.outputs["Fac"], shade.inputs["Value"])
    scale = _node(material, "VectorMath")
    scale.operation = "SCALE"
    _link(material, mix.outputs[0], scale.inputs[0])
    _link(material, shade.outputs["Result"], scale.inputs["Scale"])
    _link(material, scale.outputs["Vector"], shader.inputs["Base Color"])
    dots = _node(material, "TexVoronoi", Scale=7.0 if woven else 3.6, Randomness=0.05)
    fibre = _node(material, "TexNoise", Scale=9.0, Detail=4.0)
    height = _node(material, "Math")
    height.operation = "ADD"
    for node, value in ((dots, "Distance"), (fibre, "Fac")):
        _link(material, place.outputs["Vector"], node.inputs["Vector"])
        _link(material, node.outputs[value], height.inputs[0 if node is dots else 1])
    depth = _node(material, "MapRange", To_Min=0.6, To_Max=1.0)
    _link(material, parts.outputs[2], depth.inputs["Value"])
    bump = _node(material, "Bump", Distance=0.09)
    _link(material, depth.outputs["Result"], bump.inputs["Strength"])
    _link(material, height.outputs["Value"], bump.inputs["Height"])
    _link(material, bump.outputs["Normal"], shader.inputs["Normal"])
    return material


def flat(value: float) -> Any:
    """Return a surface of one brightness in any light, for the picture of what a mask hides."""
    material = bpy.data.materials.new("flat")
    material.use_nodes = True
    material.node_tree.nodes.clear()
    output, glow = _node(material, "OutputMaterial"), _node(material, "Emission")
    glow.inputs["Color"].default_value = (value, value, value, 1)
    _link(material, glow.outputs[0], output.inputs["Surface"])
    return material
