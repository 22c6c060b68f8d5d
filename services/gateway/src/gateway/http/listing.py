"""The query of a list: filters and where to go on."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts.entries import Tag, storable
from contracts.moments import Moment
from gateway.service.read_entries import PAGE_MAX

_TAG_MAX_BYTES = 256


def _storable_tag(tag: str) -> str:
    return storable(tag, _TAG_MAX_BYTES)


class ListQuery(BaseModel):
    """A misspelt parameter is an error: without it, a filter would silently not filter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50
    cursor: Annotated[str | None, Field(description="`next_cursor` of the page before")] = None
    written_from: Annotated[Moment | None, Field(alias="from", description="Written at or after this moment")] = None
    written_to: Annotated[Moment | None, Field(alias="to", description="Written before this moment")] = None
    tag: Annotated[
        list[Annotated[Tag, AfterValidator(_storable_tag)]],
        Field(max_length=32, description="May be repeated; entries carry all of them"),
    ] = []
