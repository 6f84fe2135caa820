"""A part of ``report.json``, and the numbers in it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """Every part is closed: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
