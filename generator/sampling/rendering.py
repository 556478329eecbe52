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


def exposure(spec: SensorSpec, scope: Scope) -> SensorSample:
    """The sensor's faults in one picture."""
    monochrome = happens(spec.monochrome, scope.draw / "sensor" / "monochrome")
    scope.facts["sensor.monochrome"] = float(monochrome)
    drawn = {name: scope.number(f"sensor.{name}", getattr(spec, name)) for name in NUMBERS}
    balance = black_body(scope.number("sensor.temperature", spec.temperature)) / black_body(6500.0)
    return SensorSample(
        **drawn,
        motion_angle=math.radians(scope.number("sensor.motion_angle", spec.motion_angle)),
        tint=vector(balance / balance.max()),
        monochrome=monochrome,
        jpeg=round(scope.number("sensor.jpeg", spec.jpeg)),
    )
