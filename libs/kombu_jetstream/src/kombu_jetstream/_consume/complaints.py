"""Warnings about one queue's pulls: with stream and consumer, and none of them four times a second."""

import time
from collections.abc import Sequence

from kombu.log import get_logger
from nats.aio.msg import Msg

log = get_logger(__name__)

#: The same warning again only after this.
AGAIN_S = 60.0


class Complaints:
    """Lives on the io thread."""

    def __init__(self, queue: str, consumers: Sequence[tuple[str, str]]) -> None:
        self._place = f"queue {queue}, stream {consumers[0][0]}, consumer {', '.join(name for _, name in consumers)}"
        self._told_s: dict[str, float] = {}

    def pull_failed(self, error: Exception) -> None:
        self._tell(f"pull failed: {str(error) or repr(error)}; trying again")

    def pull_ended(self, answer: Msg) -> None:
        """The server ended a pull: the consumer was deleted, or nobody answers for it."""
        headers = answer.headers or {}
        status = headers.get("Status", "")
        reason = "nobody answers" if status == "503" else headers.get("Description", status).strip()
        self._tell(f"{reason}; looking whether it is there, and making it again if it is ours and gone")

    def _tell(self, text: str) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s.get(text, float("-inf")) >= AGAIN_S:
            self._told_s = {known: told_s for known, told_s in self._told_s.items() if now_s - told_s < AGAIN_S}
            self._told_s[text] = now_s
            log.warning("%s: %s", self._place, text)
