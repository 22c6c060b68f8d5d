"""The stored events as those see them who follow a journal; where they are stored is not known here."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

_EVENT_ID = re.compile(r"([0-9]{1,19})-([0-9a-f]{1,16})")


class EventLogAway(Exception):
    """Retryable: the log cannot be read now."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    #: Its place in the log: it grows, with holes.
    sequence: int
    type: str
    journal: str
    #: The event as it is stored.
    body: str


@dataclass(frozen=True)
class LogBounds:
    #: Another log under the same name, made anew, has another one.
    epoch: str
    #: The oldest event that is still there; one beyond `last` where there is none.
    first: int
    last: int


class EventLog(Protocol):
    async def bounds(self) -> LogBounds:
        """Raises EventLogAway."""
        ...

    def read(self, after: int, through: int) -> AsyncGenerator[StreamEvent]:
        """What stands behind `after`, up to `through` or to the end. Raises EventLogAway."""
        ...


def event_id(sequence: int, epoch: str) -> str:
    """What a client sends back to go on from here."""
    return f"{sequence}-{epoch}"


def parse_event_id(text: str) -> tuple[int, str] | None:
    """Sequence and epoch; None where it is no id of ours."""
    match = _EVENT_ID.fullmatch(text)
    return (int(match[1]), match[2]) if match else None
