"""What an operator is told of a command that fails.

A driver's message may hold a piece of an address, and so of a password: messages of others are not repeated.
"""

from gateway.domain.errors import StoreUnavailable
from gateway.service.erase_again import ListUnreadable
from telemetry import failure_of


class CommandFailed(Exception):
    """The message is one line for the operator; the exit status is 1."""


def line_of(error: Exception) -> str | None:
    """What to do about it, where this kind of failure is known."""
    match error:
        case CommandFailed() | ListUnreadable():
            return str(error)
        case StoreUnavailable():
            return f"PostgreSQL cannot be used now ({type(error.__cause__).__name__}): `gateway doctor` says why"
        case _:
            return None


def fields_of(error: Exception) -> dict[str, object]:
    """Of a log line about any other: its place, and the system's own words, such as that a port is taken."""
    words = {"told": error.strerror} if isinstance(error, OSError) and error.strerror else {}
    return {**failure_of(error), **words}
