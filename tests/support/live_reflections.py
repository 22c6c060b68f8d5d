"""A reflection that is written while somebody watches over WebSocket. Only the worker is played."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
from websockets.sync.client import ClientConnection, connect

from contracts.api import RecordReflection
from contracts.identifiers import new_id
from contracts.live import ReflectionFrame, Retry
from gateway.service.keys import authenticate
from gateway.service.reflect import record_reflection
from support.http_gateway import HttpGateway

DEADLINE_S = 20.0
RUN = new_id()
TEXT = "You walked home in the rain. It did you good."
RESULT = {"text": TEXT, "questions": ["What stayed?"], "provenance": {"model": "m"}}


class Asked:
    """A pending reflection, and the worker that writes it."""

    def __init__(self, gateway: HttpGateway, journal: str, entry: str) -> None:
        self._gateway = gateway
        self.journal = journal
        self.entry = entry
        self.path = f"{entry}/reflection/live"
        self.entry_id = UUID(entry.rpartition("/")[2])
        self.key = gateway.new_key("enrich")

    def writes(self, text: str, *, state: str = "writing", run: UUID = RUN, questions: tuple[str, ...] = ()) -> None:
        self._gateway.hear(
            ReflectionFrame(
                journal=self.journal,
                entry_id=self.entry_id,
                version=1,
                run=run,
                state=state,  # type: ignore[arg-type]
                text=text,
                questions=questions,
            )
        )

    def fails(self, *, in_s: float) -> None:
        """An attempt, and another one follows."""
        self._gateway.hear(
            ReflectionFrame(
                journal=self.journal,
                entry_id=self.entry_id,
                version=1,
                run=new_id(),
                state="retrying",
                retry=Retry(in_s=in_s, attempt=1, reason="model_unreachable"),
            )
        )

    def ends(self) -> None:
        report = RecordReflection.model_validate(
            {"journal": self.journal, "entry_id": self.entry_id, "version": 1, "revision": 1, "result": RESULT}
        )
        self._gateway.run(self._record(report))
        self.writes(TEXT, state="done")

    async def _record(self, report: RecordReflection) -> None:
        store = self._gateway.store
        await record_reflection(store, await authenticate(store, f"Bearer {self.key}"), report)


def ask_for_reflection(gateway: HttpGateway, writer: httpx.Client, journal: str, entries: str) -> Asked:
    """`entries` is the address of the journal's entries."""
    entry = writer.post(entries, json={"body": "Rain."}).headers["location"]
    assert writer.post(f"{entry}/reflection").status_code == 202
    return Asked(gateway, journal, entry)


@contextmanager
def watching(gateway: HttpGateway, path: str, key: str | None, **options: Any) -> Iterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    address = f"ws://127.0.0.1:{gateway.port}{path}"
    with connect(address, additional_headers=headers, proxy=None, open_timeout=DEADLINE_S, **options) as opened:
        yield opened


def heard(opened: ClientConnection) -> dict[str, Any]:
    """The next event that is not mere waiting."""
    while (event := json.loads(opened.recv(timeout=DEADLINE_S)))["event"] == "waiting":
        pass
    return event
