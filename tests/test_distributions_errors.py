"""What is wrong with a value is told at load, with its place, in words that name the cure."""

from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from generator.distributions.base import Kind, Value

GOLDEN: list[tuple[Kind, dict[str, Any], str]] = [
    ("scalar", {"uniform": [2, 1]}, "low end 2 is above high end 1"),
    ("scalar", {"uniform": [0, {"unifrom": [1, 2]}]}, "uniform.1.unifrom: unknown scalar distribution 'unifrom' (did you mean 'uniform'?)"),
    ("scalar", {"uniform": [0, 1], "normal": [0, 1]}, "names several distributions: uniform, normal"),
    ("scalar", {"log_uniform": [0, 1]}, "ends must be above 0, not 0"),
    ("scalar", {"log_uniform": [0.05, {"normal": [0.1, 0.1]}]}, "ends must be above 0, not -inf"),
    ("position", {"shell": {"radius": [1, 2], "azimuth": [350, 10]}}, "shell: azimuth must be [start, stop] with start <= stop: from 350 on to 10 is [-10, 10]"),
    ("position", {"shell": {"radius": [1, 2], "azimuth": [800, -20]}}, "shell: azimuth must be [start, stop] with start <= stop: from 800 on to -20 is [-280, -20]"),
    ("scalar", {"normal": [0, 0]}, "the standard deviation must be above 0, not 0"),
    ("scalar", {"normal": [0, 1], "clip": [2, 1]}, "clip: low end 2 is not below high end 1"),
    ("scalar", {"normal": [0, 1], "clip": [0, float("nan")]}, "clip.1: must be a number, .inf or -.inf"),
    ("scalar", {"triangular": [0, 3, 2]}, "must be [low, mode, high] with low <= mode <= high and low < high"),
    ("scalar", {"triangular": [0, 1, float("inf")]}, "triangular.2: must be a finite number, not inf"),
    ("scalar", {"beta": [-1, 2]}, "alpha must be above 0, not -1"),
    ("scalar", {"beta": [1, {"uniform": [0, 2]}]}, "beta must be above 0, not 0"),
    ("scalar", {"beta": [1, 2], "range": [3, 2]}, "low end 3 is above high end 2"),
    ("scalar", {"poisson": -1}, "the mean must not be below 0, but can be -1"),
    ("scalar", {"poisson": 3, "max": -1}, "max: must be greater than or equal to 0, not -1"),
    ("scalar", {"poisson": 3, "maxi": 1}, "maxi: unknown key (did you mean 'max'?)"),
    ("scalar", {"truncated": [0, 1]}, "of: is missing"),
    ("scalar", {"truncated": [1, 0], "of": {"normal": [0, 1]}}, "low end 1 is above high end 0"),
    ("scalar", {"truncated": [2, 3], "of": {"uniform": [0, 1]}}, "the value never lies within 2..3, but within 0..1"),
    ("scalar", {"truncated": [2, float("inf")], "of": {"sum": [0.5, {"uniform": [0, 1]}]}}, "the value never lies 2 or above, but within 0.5..1.5"),
    ("scalar", {"integers": [0, 2**63 - 1]}, "both ends must be above -9223372036854775808 and below 9223372036854775807"),
    ("scalar", {"integers": [1, 10**30]}, "both ends must be above -9223372036854775808 and below 9223372036854775807"),
    ("scalar", {"truncated": [2.2, 2.8], "of": {"integers": [1, 6]}}, "the value hardly ever lies within 2.2..2.8: with probability 0"),
    ("scalar", {"truncated": [30, 33], "of": {"normal": [0, 1]}}, "the value hardly ever lies within 30..33: with probability 5e-198"),
    ("scalar", {"truncated": [0, 1], "of": {"ref": "x", "of": {"normal": [0, 1]}}}, "a shared value cannot be drawn again: truncate it under shared:, or clamp it here"),
    ("scalar", {"chance": 1.5}, "a probability must be within 0..1, but can be 1.5"),
    ("scalar", {"chance": {"normal": [0.5, 0.1]}}, "a probability must be within 0..1, but can be -inf"),
    ("choice", {"chance": 0.5}, "then: is missing; else: is missing"),
    ("choice", {"chance": 0.5, "then": "a", "esle": "b"}, "esle: unknown key (did you mean 'else'?); else: is missing"),
    ("color", {"chance": 0.5, "then": "#ff0000", "else": {"gray": 2}}, "else: brightness must be within 0..1, but can be 2"),
    ("scalar", {"pick": []}, "needs at least one value to pick from"),
    ("scalar", {"pick": {1: 0, 2: 0}}, "weights must be one number >= 0 for each value, not all 0"),
    ("scalar", {"mixture": [{"of": 1}, {"of": 2}]}, "mixture.0.weight: is missing; mixture.1.weight: is missing"),
    ("scalar", {"mixture": [{"weight": 0, "of": 1}, {"weight": 0, "of": 2}]}, "needs at least one part with a weight above 0"),
    ("scalar", {"mixture": []}, "needs at least one part with a weight above 0"),
    ("scalar", {"mixture": [{"weight": 1, "of": 1}, {"weight": {"uniform": [-1, 1]}, "of": 2}]}, "mixture.1: a weight must not be below 0, but can be -1"),
    ("scalar", {"grid": [0, 1]}, "cells: is missing"),
    ("scalar", {"grid": [1, 0], "cells": 3}, "grid: low end 1 is above high end 0"),
    ("scalar", {"grid": [0, 1], "cells": 0}, "cells: must be greater than or equal to 1, not 0"),
    ("scalar", {"grid": 3, "cells": 3}, "grid needs [low, high] or a law with constant parameters, such as {normal: [0, 1]}"),
    ("scalar", {"sobol": {"uniform": [0, {"uniform": [1, 2]}]}}, "sobol needs [low, high] or a law with constant parameters, such as {normal: [0, 1]}"),
    ("scalar", {"sobol": [0, 1], "dimension": 16}, "dimension: must be less than or equal to 15, not 16"),
    ("scalar", {"ramp": [0, 1], "ovre": 3}, "ovre: unknown key (did you mean 'over'?); over: is missing"),
    ("scalar", {"ramp": [0, 1], "over": 0}, "over: must be greater than or equal to 1, not 0"),
    ("scalar", {"steps": {5: 1}}, "needs a value that begins at scene 0"),
    ("scalar", {"sum": []}, "sum: needs at least 1"),
    ("scalar", {"sum": [1, "a"]}, "sum.1: must be a number or a distribution such as {uniform: [0, 1]}, not 'a'"),
    ("scalar", {"ratio": [1, 0]}, "the divisor can be 0; keep it away from there, as {uniform: [1, 2]} or `truncated` do"),
    ("scalar", {"ratio": [1, {"difference": [{"uniform": [0, 1]}, 0.5]}]}, "the divisor can be 0; keep it away from there, as {uniform: [1, 2]} or `truncated` do"),
    ("scalar", {"power": [{"uniform": [-1, 1]}, 0.5]}, "the base can be negative, so the exponent must be a whole number"),
    ("scalar", {"power": [{"uniform": [0, 1]}, -1]}, "the base can be 0 and the exponent negative"),
    ("scalar", {"clamp": [1, 0], "of": 3}, "low end 1 is above high end 0"),
    ("scalar", {"round": 3, "to": 0}, "to: must be greater than 0, not 0"),
    ("color", {"rgb": [0, 1.5, 0]}, "green must be within 0..1, but can be 1.5"),
    ("color", {"hsv": [3, {"uniform": [-0.5, 1]}, 0]}, "saturation must be within 0..1, but can be -0.5"),
    ("color", {"kelvin": -5}, "a temperature in kelvin must be 0 or above, but can be -5"),
    ("color", {"lab": [120, 0, 0]}, "lightness must be within 0..100, but can be 120"),
    ("color", {"near": {"hvs": [0, 0, 0]}, "hue": 0.1}, "near.hvs: unknown color distribution 'hvs' (did you mean 'hsv'?)"),
    ("color", {"near": "#ff0000", "hew": 0.1}, "hew: unknown key (did you mean 'hue'?)"),
    ("position", {"shell": {"radius": [2, 1]}}, "shell: radius must be [near, far] with 0 <= near <= far"),
    ("position", {"box": [[0, 0, 0], [1, 1, float("nan")]]}, "box.1.2: must be a finite number, not nan"),
    ("position", {"ball": -1}, "a radius must be 0 or above, but can be -1"),
    ("position", {"disk": 1, "hole": 2}, "the radius can be smaller than the hole, or below 0"),
    ("position", {"disk": {"uniform": [0, 2]}, "hole": 1}, "the radius can be smaller than the hole, or below 0"),
    ("position", {"disk": 1, "axis": [0, 0, 0]}, "axis: an axis must not be [0, 0, 0]"),
    ("position", {"cylinder": 1, "height": [2, 1]}, "height must be [low, high] with low <= high"),
    ("position", {"line": [[0, 0, 0], [1, 1]]}, "line.1.xyz.2: is missing"),
    ("rotation", {"around": [0, 0, 0], "angle": 3}, "around: an axis must not be [0, 0, 0]"),
    ("rotation", {"around": [0, 0, 1]}, "angle: is missing"),
    ("rotation", {"views": 20}, "views: must be 12, 42, 162 or 642, not 20"),
    ("rotation", {"views": 12, "order": "sorted"}, "order: must be 'random' or 'index', not 'sorted'"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "raw", "told"), GOLDEN, ids=[str(g[1]) for g in GOLDEN])
def test_a_wrong_value_is_told_with_its_place(kind: Kind, raw: dict[str, Any], told: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        Value(kind).parse(raw)
    found = (refused.value.context or {})["faults"]
    assert "; ".join(": ".join(filter(None, [".".join(map(str, loc)), text])) for loc, text in found) == told


SUPPORTS: list[tuple[Any, tuple[float, float]]] = [
    (3, (3, 3)),
    ({"uniform": [{"uniform": [0, 1]}, {"normal": [0, 1], "clip": [2, 5]}]}, (0, 5)),
    ({"normal": [0, 1]}, (-float("inf"), float("inf"))),
    ({"poisson": 3}, (0, float("inf"))),
    ({"poisson": 3, "max": 7}, (0, 7)),
    ({"truncated": [1, float("inf")], "of": {"poisson": 3, "max": 7}}, (1, 7)),
    ({"chance": 0.5}, (0, 1)),
    ({"chance": 0, "then": 9}, (0, 0)),
    ({"mixture": [{"weight": 1, "of": {"uniform": [0, 1]}}, {"weight": 0, "of": 7}]}, (0, 1)),
    ({"steps": {0: 1, 9: {"uniform": [3, 4]}}}, (1, 4)),
    ({"ramp": [5, {"uniform": [1, 2]}], "over": 9}, (1, 5)),
    ({"sum": [1, {"uniform": [-1, 2]}, {"poisson": 1}]}, (0, float("inf"))),
    ({"difference": [{"uniform": [0, 1]}, {"uniform": [2, 5]}]}, (-5, -1)),
    ({"product": [{"uniform": [-2, 3]}, {"uniform": [-5, 1]}]}, (-15, 10)),
    ({"product": [0, {"normal": [0, 1]}]}, (0, 0)),
    ({"ratio": [{"uniform": [-1, 2]}, {"uniform": [-4, -2]}]}, (-1, 0.5)),
    ({"ratio": [1, {"sum": [1, {"poisson": 1}]}]}, (0, 1)),
    ({"power": [{"uniform": [-2, 1]}, 2]}, (0, 4)),
    ({"power": [{"uniform": [-2, 1]}, 3]}, (-8, 1)),
    ({"power": [{"uniform": [0.5, 2]}, {"uniform": [-2, 1]}]}, (0.25, 4)),
    ({"minimum": [{"uniform": [0, 5]}, {"uniform": [1, 2]}]}, (0, 2)),
    ({"maximum": [{"uniform": [0, 5]}, {"uniform": [1, 2]}]}, (1, 5)),
    ({"clamp": [0, 1], "of": {"normal": [0, 1]}}, (0, 1)),
    ({"clamp": [0, 1], "of": 5}, (1, 1)),
    ({"round": {"uniform": [0.2, 3.7]}, "to": 0.5}, (0, 3.5)),
    ({"grid": {"beta": [1, 2], "range": [3, 4]}, "cells": 2}, (3, 4)),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "support"), SUPPORTS, ids=[str(s[0]) for s in SUPPORTS])
def test_bounds_follow_from_those_of_the_parts(raw: Any, support: tuple[float, float]) -> None:
    assert Value("scalar").parse(raw).support() == support
