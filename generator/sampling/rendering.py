"""How a scene is painted and what the sensor does to it."""

import math

from generator.base.scene import RenderSample, SensorSample
from generator.distributions.colors import black_body
from generator.sampling.materials import unit
from generator.sampling.scope import Scope, happens, vector
from generator.spec.optics import RenderSpec, SensorSpec

NUMBERS = (
    "blur", "motion", "gamma", "contrast", "brightness", "noise", "shot", "vignette", "sharpen", "chromatic", "rescale",
)  # fmt: skip
IN_PIXELS = ("blur", "motion", "chromatic")


def rendering(spec: RenderSpec, scope: Scope) -> RenderSample:
    """Engine, quality and exposure of one picture."""
    denoise = happens(spec.denoise, scope.draw / "render" / "denoise")
    scope.facts["render.denoise"] = float(denoise)
    return RenderSample(
        engine=spec.engine.sample(scope.draw / "render" / "engine"),
        samples=max(1, round(scope.number("render.samples", spec.samples))),
        adaptive=unit(scope.number("render.adaptive", spec.adaptive)),
        denoise=denoise,
        prefilter=spec.prefilter.sample(scope.draw / "render" / "prefilter"),
        filter=spec.filter.sample(scope.draw / "render" / "filter"),
        bounces=max(0, round(scope.number("render.bounces", spec.bounces))),
        exposure=scope.number("render.exposure", spec.exposure),
        metering=unit(scope.number("render.metering", spec.metering)),
        blending=spec.blending.sample(scope.draw / "render" / "blending"),
    )


def exposure(spec: SensorSpec, scope: Scope, size: tuple[int, int]) -> SensorSample:
    """The sensor's faults in one picture of (width, height) pixels. Facts are as drawn, in the spec's own pixels, so
    that an edge case is the same one at every size."""
    monochrome = happens(spec.monochrome, scope.draw / "sensor" / "monochrome")
    scope.facts["sensor.monochrome"] = float(monochrome)
    drawn = {name: scope.number(f"sensor.{name}", getattr(spec, name)) for name in NUMBERS}
    if spec.pixels_of:
        drawn |= {name: drawn[name] * (max(size) / spec.pixels_of) for name in IN_PIXELS}
    balance = black_body(scope.number("sensor.temperature", spec.temperature)) / black_body(6500.0)
    return SensorSample(
        **drawn,
        motion_angle=math.radians(scope.number("sensor.motion_angle", spec.motion_angle)),
        tint=vector(balance / balance.max()),
        monochrome=monochrome,
        jpeg=round(scope.number("sensor.jpeg", spec.jpeg)),
    )
