"""`Record`: what every stored type is made of."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen record: unknown keys are errors, equality is by value."""

    model_config = ConfigDict(frozen=True, extra="forbid")
