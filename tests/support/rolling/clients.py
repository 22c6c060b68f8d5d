"""Clients that do as docs/upgrade.md says: they come again, with the same words, until they are answered."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

#: Beyond it, waiting longer would hide that nobody answers.
PATIENCE_S = 60.0
AGAIN_S = 0.1
THINK_S = (0.1, 0.5)
#: A writer who hears of so little reads instead: on a busy machine, what was written first would never be settled.
BACKLOG_MAX = 8
WORDS = ("roses", "trains", "soup", "snow", "chess", "rivers", "letters", "candles", "bread", "maps", "owls", "rain")


@dataclass
class Told:
    """What the clients of one journal were told is stored, and what it took."""

    journal: str
    #: Revision and body of each entry that was answered with 201, by its id.
    entries: dict[str, tuple[int, str]] = field(default_factory=dict)
    reflections: set[tuple[str, int]] = field(default_factory=set)
    #: Ids of the events that were followed, in the order they came.
    events: list[str] = field(default_factory=list)
    #: Entry, revision and kind of those that said that an enrichment is there.
    enriched: set[tuple[str, int, str]] = field(default_factory=set)
    #: Why requests were sent again: an error's name, or a status and the problem.
    retries: Counter[str] = field(default_factory=Counter)
    #: Requests for a reflection among them: each may have ordered a version whose answer was lost.
    reflections_again: int = 0
    #: How event streams ended: `over` in order, with a word about when to come back, or `cut`.
    ends: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    @property
    def backlog(self) -> int:
        """Entries that are not known to be enriched as they are now."""
        current = [(entry_id, revision) for entry_id, (revision, _) in self.entries.items()]
        return sum(not {(*one, "embedding"), (*one, "mood")} <= self.enriched for one in current)


class PatientClient:
    """One caller with one pool of connections."""

    def __init__(self, url: str, headers: dict[str, str], told: Told) -> None:
        self.http = httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30)
        self._told = told

    async def request(self, method: str, path: str, **options: object) -> httpx.Response:
        """The answer, once it is none that says to come again.

        Raises:
            AssertionError: there is none in time, or one that says to come again does not say when.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            self._told.requests += 1
            again_s = AGAIN_S
            try:
                answer = await self.http.request(method, f"/v1/journals/{self._told.journal}{path}", **options)
            except httpx.TransportError as error:
                why = type(error).__name__
            else:
                if answer.status_code != 503 and not _is_in_flight(answer):
                    return answer
                why = f"{answer.status_code} {answer.json()['type'].rpartition(':')[2]}"
                assert "retry-after" in answer.headers, f"{method} {path}: {why} without Retry-After"
                again_s = min(float(answer.headers["retry-after"]), 1.0)
            self._told.retries[why] += 1
            assert time.monotonic() < deadline_s, f"{method} {path}: {why}"
            await asyncio.sleep(again_s * random.uniform(0.5, 1.5))


def _is_in_flight(answer: httpx.Response) -> bool:
    """The first one of the two is still at work: its gateway may have been killed, or be slow."""
    return answer.status_code == 409 and answer.json()["type"].endswith(":idempotency-in-flight")


async def write(client: PatientClient, told: Told, is_over: Callable[[], bool], *, reflect: bool) -> None:
    """Write, read, replace, search, and where wanted ask for reflections, until it is over."""
    number = 0
    while not is_over():
        if told.backlog >= BACKLOG_MAX:
            await _read(client, *random.choice(list(told.entries.items())))
            await asyncio.sleep(random.uniform(*THINK_S))
            continue
        number += 1
        body = f"Thought about {random.choice(WORDS)} and {random.choice(WORDS)}, for the {number}th time."
        created = await client.request(
            "POST", "/entries", json={"body": body}, headers={"Idempotency-Key": uuid4().hex}
        )
        assert created.status_code == 201, created.text
        entry_id = created.json()["id"]
        assert entry_id not in told.entries
        told.entries[entry_id] = (1, body)
        await _read(client, entry_id, told.entries[entry_id])
        if number % 2 == 0:
            await _replace(client, told, entry_id, f"{body} And once more.")
        if number % 3 == 0:
            found = await client.request("POST", "/search", json={"query": random.choice(WORDS), "mode": "lexical"})
            assert found.status_code == 200, found.text
        if reflect and number % 5 == 0:
            await _ask_for_reflection(client, told, entry_id)
        await asyncio.sleep(random.uniform(*THINK_S))


async def _read(client: PatientClient, entry_id: str, expected: tuple[int, str]) -> None:
    read = await client.request("GET", f"/entries/{entry_id}")
    assert read.status_code == 200, read.text
    assert (read.json()["revision"], read.json()["body"]) == expected


async def _replace(client: PatientClient, told: Told, entry_id: str, body: str) -> None:
    replaced = await client.request("PUT", f"/entries/{entry_id}", json={"body": body}, headers={"If-Match": '"1"'})
    if replaced.status_code == 412:
        # Sent again, since its answer was lost: what is there now is what was sent.
        replaced = await client.request("GET", f"/entries/{entry_id}")
    assert replaced.status_code in {200, 202}, replaced.text
    assert (replaced.json()["revision"], replaced.json()["body"]) == (2, body)
    told.entries[entry_id] = (2, body)


async def _ask_for_reflection(client: PatientClient, told: Told, entry_id: str) -> None:
    retries_before = told.retries.total()
    asked = await client.request("POST", f"/entries/{entry_id}/reflection")
    assert asked.status_code == 202, asked.text
    told.reflections.add((entry_id, asked.json()["version"]))
    told.reflections_again += told.retries.total() - retries_before


async def follow(client: PatientClient, told: Told, opened: asyncio.Event) -> None:
    """Follow the journal's events until it is cancelled, each time from where it was."""
    last_id, path = "", f"/v1/journals/{told.journal}/events"
    while True:
        again_s: float | None = None
        headers = {"Last-Event-ID": last_id} if last_id else {}
        try:
            async with aconnect_sse(client.http, "GET", path, headers=headers) as source:
                if source.response.status_code == 200:
                    async for event in source.aiter_sse():
                        last_id = event.id or last_id
                        again_s = None if event.retry is None else event.retry / 1000
                        _take(event, told)
                        opened.set()
                    told.ends["cut" if again_s is None else "over"] += 1
                else:
                    told.ends[str(source.response.status_code)] += 1
        except httpx.TransportError as error:
            told.ends["cut" if last_id and isinstance(error, httpx.RemoteProtocolError) else type(error).__name__] += 1
        await asyncio.sleep(again_s or random.uniform(AGAIN_S, 1.0))


def _take(event: ServerSentEvent, told: Told) -> None:
    assert event.event != "reset", "an event stream could not be gone on with"
    if not event.data:
        return
    told.events.append(event.json()["id"])
    if event.event == "entry.enriched.v1":
        ref = event.json()["data"]
        told.enriched.add((ref["entry_id"], ref["revision"], ref["kind"]))
