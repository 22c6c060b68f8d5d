"""An error nobody foresaw, as a log line may tell it: where it broke, and never its message."""

import traceback

_FRAMES_MAX = 12


def failure_of(error: BaseException) -> dict[str, object]:
    """Fields of a log line: `error`, its type; `frames`, innermost last; `causes`, what it came of, if anything.

    A message may quote a diary: a database's the row or the argument, pydantic's the value. A traceback ends with it,
    so this stands wherever `exc_info` would have words in reach.
    """
    told: dict[str, object] = {"error": type(error).__qualname__, "frames": _frames(error)[-_FRAMES_MAX:]}
    if causes := _causes(error, seen={id(error)}):
        told["causes"] = causes
    return told


def _causes(error: BaseException, seen: set[int]) -> list[str]:
    """Outermost first; of a group, what each of its errors is and came of."""
    nearest = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    found: list[str] = []
    for cause in (*nearest, before):
        if cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            found += [f"{type(cause).__qualname__} at {(_frames(cause) or ['unknown'])[-1]}", *_causes(cause, seen)]
    return found


def _frames(error: BaseException) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
