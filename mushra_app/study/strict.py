"""The base of everything that is read from a study file."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

# The database keeps that many characters of a name.
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Strict(BaseModel):
    """Keys that nobody knows are an error, and what was read never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
