"""The one door through which the engine's refusals become ours."""

from collections.abc import Generator
from contextlib import contextmanager

from devstack.qdrant.errors import BadRequest, Refused


@contextmanager
def engine_faults() -> Generator[None]:
    """Around what calls the engine or builds its objects, as a block or as a decorator.

    Raises:
        BadRequest: the engine does not take the request (wrong dimension, unknown vector name, malformed value).
    """
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        # The bindings raise bare Exception, and say a failure of their own with this prefix: it becomes a 500.
        if str(error).startswith("Service"):
            raise
        raise BadRequest(f"Wrong input: {error}") from error
