"""The two bases of every message: values never change, and what we accept from outside has no unknown fields."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A message we wrote ourselves: frozen, and tolerant of fields that a newer writer added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Request(BaseModel):
    """A message from outside: frozen, and a misspelt field is an error instead of a silent loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")
