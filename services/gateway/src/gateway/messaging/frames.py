"""Frames of what is being written, from core NATS to the board."""

from collections.abc import Callable

import structlog
from pydantic import TypeAdapter, ValidationError

from contracts.live import ReflectionFrame, ReportFrame
from gateway.live.board import LiveBoard

#: A reflection is a page at most; a message of NATS may be a megabyte.
_FRAME_MAX_BYTES = 256 * 1024

_FRAME: TypeAdapter[ReflectionFrame | ReportFrame] = TypeAdapter(ReflectionFrame | ReportFrame)

log = structlog.get_logger()


def hearing(board: LiveBoard) -> Callable[[bytes], None]:
    def hear(raw: bytes) -> None:
        if len(raw) > _FRAME_MAX_BYTES:
            log.warning("live.frame_dropped", size_bytes=len(raw))
            return
        try:
            frame = _FRAME.validate_json(raw)
        except ValidationError as error:
            # A newer worker's, or nobody's of ours: what it said is lost, what is stored is not.
            log.warning("live.frame_dropped", faults=len(error.errors()))
            return
        if isinstance(frame, ReportFrame):
            board.reports.hear(frame)
        else:
            board.hear(frame)

    return hear
