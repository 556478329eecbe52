"""`Balance`: the config's section of caps, floors and quotas."""

from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from generator.base.strict import Strict
from generator.spec.bounds import Share
from generator.spec.quotas import Quota


class Balance(Strict):
    """Caps and floors on tags, as shares of the kept frames, before painting and after.

    `combinations` is the least share that is kept of every combination of tags that occurs, so that caps do not wipe
    out night-and-crowded; `evenness` bounds every class's share of instances to within this factor of the mean,
    `image_evenness` its share of pictures; `empty` caps frames that show no annotated object; `proposals` bounds the
    scenes looked at per painted frame.

    `instance_caps` and `instance_floors` are shares of the annotated objects that lie in frames with the tag. `groups`
    names tags that exclude each other (``time: [day, dusk, night]``). `prevalence` is how often an edge case really
    occurs: it then gets `edge_factor` times that, in at most `edge_cap` of the frames. `variety` is the greatest share
    of an edge case's frames that one combination of the other tags may have. A plan stays `margin` (relative) within
    caps and floors, so that what is measured on painted frames keeps them.
    """

    caps: dict[str, Share] = {}
    floors: dict[str, Share] = {}
    combinations: Share = 0.02
    evenness: Annotated[float, Field(ge=1)] | None = None
    empty: Share = 1.0
    proposals: Annotated[float, Field(ge=1)] = 4.0
    image_evenness: Annotated[float, Field(ge=1)] | None = None
    instance_caps: dict[str, Share] = {}
    instance_floors: dict[str, Share] = {}
    groups: dict[str, tuple[str, ...]] = {}
    quotas: tuple[Quota, ...] = ()
    prevalence: dict[str, Share] = {}
    edge_factor: Annotated[float, Field(ge=1)] = 5.0
    edge_cap: Annotated[float, Field(gt=0, lt=1)] = 0.5
    variety: dict[str, Annotated[float, Field(gt=0, le=1)]] = {}
    margin: Annotated[float, Field(ge=0, lt=0.5)] = 0.0

    @model_validator(mode="after")
    def _floors_below_caps(self) -> "Balance":
        for floors, caps in ((self.floors, self.caps), (self.instance_floors, self.instance_caps)):
            for tag, floor in floors.items():
                if floor > caps.get(tag, 1.0):
                    raise ValueError(f"{tag!r}: floor {floor:g} is above its cap {caps[tag]:g}")
        for name, tags in self.groups.items():
            if len(set(tags)) != len(tags) or not tags:
                raise ValueError(f"groups.{name}: name each tag once, at least one")
        return self

    @model_serializer(mode="wrap")
    def _what_is_asked(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Rules that are not asked for are left out from `image_evenness` on, so that a plan made before such a rule
        existed still counts as the same order."""
        fields = list(type(self).model_fields)
        later = fields[fields.index("image_evenness") :]
        unasked = {name for name in later if getattr(self, name) == type(self).model_fields[name].default}
        return {name: value for name, value in handler(self).items() if name not in unasked}
