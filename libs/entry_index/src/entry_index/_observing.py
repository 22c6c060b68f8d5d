"""What each call of the index took, told to whoever asked to know: never what it was about."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from entry_index._config import IndexCall


@contextmanager
def observing(observer: Callable[[IndexCall], None] | None, operation: str) -> Generator[None, None, None]:
    """Tell `observer` of the call inside the block, once, however it ends."""
    if observer is None:
        yield
        return
    began_s = time.perf_counter()
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        observer(IndexCall(operation=operation, duration_s=time.perf_counter() - began_s, error=error))
