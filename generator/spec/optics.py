"""How pictures are taken: camera, lens, renderer, sensor."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from generator.base.strict import Strict
from generator.distributions.base import Choice, Constant, Distribution, Position, Scalar, Value
from generator.spec.values import Count, Kelvin, Least1, Positive, Share, bounded, choices, known, number, point

if TYPE_CHECKING:
    Jpeg: TypeAlias = Distribution
    Rescale: TypeAlias = Distribution
else:
    Jpeg, Rescale = bounded(0, 100), bounded(0.01, 1)


class LensSpec(Strict):
    """`brown: [k1, k2, p1, p2, k3]` bends a pinhole's image (Brown-Conrady); `equidistant` is an ideal fisheye, and
    `kannala_brandt: [k1, k2, k3, k4]` a real one. Coefficients are OpenCV's; shorter lists are filled with zeros."""

    kind: Literal["pinhole", "brown", "equidistant", "kannala_brandt"] = "pinhole"
    brown: Annotated[tuple[Scalar, ...], Field(max_length=5)] | None = None
    kannala_brandt: Annotated[tuple[Scalar, ...], Field(max_length=4)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, raw: Any) -> Any:
        """`lens: equidistant` and `lens: {brown: [...]}` for short."""
        if isinstance(raw, str):
            return {"kind": raw}
        if isinstance(raw, dict) and "kind" not in raw:
            return {"kind": next((k for k in ("brown", "kannala_brandt") if k in raw), "pinhole"), **raw}
        return raw

    @model_validator(mode="after")
    def _fits(self) -> "LensSpec":
        for name in ("brown", "kannala_brandt"):
            if (getattr(self, name) is not None) != (self.kind == name):
                raise ValueError(f"kind {name} and its coefficients `{name}: [...]` go together")
        return self


PRESETS: dict[str, dict[str, Any]] = {
    # Tremblay et al., "Training deep networks with synthetic data: bridging the reality gap by domain randomization",
    # CVPR workshops 2018; the distances are ours, the paper gives none.
    "tremblay": {
        "position": {"shell": {"radius": [1, 3], "elevation": [5, 30], "azimuth": [0, 360]}},
        **{turn: {"uniform": [-30, 30]} for turn in ("pan", "tilt", "roll")},
    }
}


class CameraSpec(Strict):
    """Where the camera stands and what it looks at. `within` moves the aim by up to so many metres in the ground plane;
    then the camera turns, in degrees: `pan` to its right, `tilt` up, `roll` clockwise. `focal_length` in millimetres
    for a sensor of `sensor_width` along the longer side of the image; `pixel_aspect` is how much taller than wide
    things appear (a picture squeezed from 4:3 to 1:1 has 1.333); `shift` moves the principal point right and down, in
    shares of the image. `aperture` is the f-number (0: all is sharp), focused on `focus` metres of planar depth (0: on
    the aim). `motion` in metres while the shutter is open. Each scene is seen from `views` positions.
    `preset: tremblay` supplies that paper's position, pan, tilt and roll where they are left out."""

    preset: Literal["tremblay"] | None = None
    position: Position
    aim: Position = point(0, 0, 0)
    within: Count = number(0)
    pan: Scalar = number(0)
    tilt: Scalar = number(0)
    roll: Scalar = number(0)
    focal_length: Positive = number(50)
    sensor_width: Annotated[float, Field(gt=0)] = 36.0
    pixel_aspect: Positive = number(1)
    shift: tuple[Scalar, Scalar] = (number(0), number(0))
    lens: LensSpec = LensSpec()
    aperture: Count = number(0)
    focus: Count = number(0)
    motion: Position | None = None
    views: Annotated[int, Field(ge=1, le=1000)] = 1

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, raw: Any) -> Any:
        preset = PRESETS.get(str(raw.get("preset"))) if isinstance(raw, dict) else None
        return {**preset, **raw} if preset else raw


CHOSEN = ("samples", "adaptive", "denoise", "prefilter", "filter")  # what `quality` finds


class QualitySpec(Strict):
    """The error that pictures may have instead of settings: at least `psnr` decibels against a picture of very many
    samples, and `border_psnr` on the pixels within 2 of an object's border. When a run begins to paint, it measures
    what reaches that on its first `scenes`, and paints all frames with the cheapest; the choice stays with the data."""

    psnr: Annotated[float, Field(ge=15, le=45)]
    border_psnr: Annotated[float, Field(ge=0, le=45)] = 0.0
    scenes: Annotated[int, Field(ge=1, le=100)] = 3


class RenderSpec(Strict):
    """How to paint. Settings and engine may be random too. `adaptive` ends a pixel's samples when its noise falls below
    it (0: never). `denoise` is a probability; `prefilter` (none, fast, accurate) cleans what guides the denoiser, of
    which `filter` (fast, balanced, high) is the size. `quality` finds these five by itself, for Cycles. `exposure` in
    stops; `metering` is how far the camera's automatic exposure goes towards middle grey, 0 (not at all) to 1.
    `blending` (none, gaussian, poisson) is for the cut-and-paste painters; with `multiply` objects are filters before a
    light (transparencies, stained cells), seen through one another; with `darken` the darkest of them is."""

    engine: Choice = Constant(value="cycles")
    quality: QualitySpec | None = None
    samples: Least1 = number(8)
    adaptive: Share = number(0)
    denoise: Share = number(1)
    prefilter: Choice = Constant(value="fast")
    filter: Choice = Constant(value="high")
    bounces: Count = number(4)
    exposure: Scalar = number(0)
    metering: Share = number(0)
    blending: Choice = Value("choice").parse({"pick": ["none", "gaussian", "poisson"]})

    @model_validator(mode="after")
    def _engines(self) -> "RenderSpec":
        known(self.engine, ("cycles", "eevee"), "engine")
        known(self.prefilter, ("none", "fast", "accurate"), "prefilter")
        known(self.filter, ("fast", "balanced", "high"), "filter")
        known(self.blending, ("none", "gaussian", "poisson", "multiply", "darken"), "blending")
        return self

    @model_validator(mode="after")
    def _either(self) -> "RenderSpec":
        if self.quality is None:
            return self
        given = [name for name in CHOSEN if getattr(self, name) != type(self).model_fields[name].default]
        if given:
            raise ValueError(f"quality chooses {', '.join(given)} by itself: leave one or the other out")
        if choices(self.engine) != {"cycles"}:
            raise ValueError("quality is for engine: cycles alone; set samples for eevee")
        return self

    def settled(self, chosen: Mapping[str, float | bool | str]) -> "RenderSpec":
        """With what `quality` asked for: a value for each of `CHOSEN`."""
        values = {name: Constant(value=v if isinstance(v, str) else float(v)) for name, v in chosen.items()}
        return self.model_copy(update={**values, "quality": None})


class SensorSpec(Strict):
    """The real camera's faults; labels stay as they are. `blur` is a Gaussian's sigma in pixels, `motion` a streak's
    length in pixels at `motion_angle` degrees, `chromatic` by how many pixels red and blue part in the corners: pixels
    of the picture, however large that is, or of one whose longer side has `pixels_of`, so that smaller pictures of the
    same scene are blurred as much less. `noise` is a Gaussian's sigma and `shot` a Poisson-like term, both of full
    scale; `gamma` and `contrast` act about mid-grey. `temperature` is white balance in kelvin, `monochrome` a
    probability, `sharpen` the amount of an unsharp mask, `rescale` the share of the resolution that was really taken,
    `jpeg` a quality of 1..100, or 0 for none.
    """

    pixels_of: Annotated[int, Field(ge=1)] | None = None
    blur: Count = number(0)
    motion: Count = number(0)
    motion_angle: Scalar = Value("scalar").parse({"uniform": [0, 360]})
    gamma: Positive = number(1)
    contrast: Count = number(1)
    brightness: Scalar = number(0)
    temperature: Kelvin = number(6500)
    noise: Count = number(0)
    shot: Count = number(0)
    vignette: Share = number(0)
    monochrome: Share = number(0)
    jpeg: Jpeg = number(0)
    sharpen: Count = number(0)
    chromatic: Scalar = number(0)
    rescale: Rescale = number(1)
