"""What uvicorn logs by itself about a request, beside the line that `RequestLog` writes."""

import logging

_CUT_SHORT = "ASGI callable returned without completing response."


def hush_cut_answers() -> None:
    """Have uvicorn log no error where an answer is cut: a slow reader, or a failure, has a line of its own already.

    It knows no other way to end an answer that has begun: a message of the end would wait behind what nobody takes.
    """
    logging.getLogger("uvicorn.error").addFilter(_tells_more)


def _tells_more(record: logging.LogRecord) -> bool:
    return record.msg != _CUT_SHORT
