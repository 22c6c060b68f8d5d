"""A worker that is killed while it writes: another one starts over, and whoever watches is told."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore

import httpx
from httpx_sse import connect_sse

from support.enrichment import Daybook, kill_group, until
from support.poisoned_ollama import POISON, PoisonedOllama
from support.scripted_ollama import Answer, Pause, ScriptedOllama, chat_lines

FIRST = {"reflection": "You were on your way to something that was never told.", "questions": ["Where to?"]}
SECOND = {
    "reflection": "You went to the sea. The train took the whole night. You stayed.",
    "questions": ["What did you hear?"],
}
Events = list[tuple[str, dict[str, object]]]


def in_steps(answer: dict[str, object]) -> Answer:
    lines = chat_lines(json.dumps(answer))
    steps = [step for line in lines for step in (json.dumps(line).encode() + b"\n", Pause(0.05))]
    return Answer(steps, content_type="application/x-ndjson")


def half_of(answer: dict[str, object]) -> Answer:
    """Words as they are written, and then nothing for longer than the worker lives."""
    lines = chat_lines(json.dumps(answer))
    written = b"".join(json.dumps(line).encode() + b"\n" for line in lines[: len(lines) // 2])
    return Answer([written, Pause(60)], content_type="application/x-ndjson")


def watch(client: httpx.Client, path: str, begun: Semaphore) -> Events:
    events: Events = []
    with connect_sse(client, "GET", path) as source:
        for event in source.iter_sse():
            events.append((event.event, event.json()))
            if len(events) == 1:
                begun.release()
    return events


def text_of(events: Events) -> str:
    return "".join(str(data["text"]) for name, data in events if name == "written")


def test_a_killed_workers_reflection_starts_over_and_both_gateways_say_so(
    daybook: Daybook, ollama: ScriptedOllama
) -> None:
    settings = {"INSIGHTS_CONCURRENCY": "1", "INSIGHTS_ACK_WAIT_S": "2"}
    journal = daybook.new_journal()
    entry_id = daybook.post(journal, "I took the night train to the sea.")
    path = f"/v1/journals/{journal}/entries/{entry_id}/reflection"
    begun = Semaphore(0)
    with daybook.another_gateway() as beside, ThreadPoolExecutor() as threads:
        first = daybook.insights_worker(**settings)
        ollama.script("/api/chat", half_of(FIRST), in_steps(SECOND))
        assert daybook.http.post(path).status_code == 202
        watchers = [threads.submit(watch, client, f"{path}/live", begun) for client in (daybook.http, beside)]
        for _ in watchers:
            assert begun.acquire(timeout=30), first.log()
        kill_group(first)
        second = daybook.insights_worker(**settings)
        seen = [watcher.result(timeout=60) for watcher in watchers]
    for events in seen:
        names = [name for name, _ in events]
        assert "restarted" in names, names
        restarted = names.index("restarted")
        before, after = events[:restarted], events[restarted:]
        assert text_of(before)
        assert FIRST["reflection"].startswith(text_of(before))
        # Words that come close before the end may be left to it.
        assert SECOND["reflection"].startswith(text_of(after))
        name, last = after[-1]
        assert name == "ended"
        assert last["reflection"]["result"]["text"] == SECOND["reflection"]  # type: ignore[index] - a view's JSON
    second.stop()


def test_a_reflection_that_kills_its_worker_is_given_up(daybook: Daybook) -> None:
    journal = daybook.new_journal()
    path = f"/v1/journals/{journal}/entries/{daybook.post(journal, f'Where does {POISON} grow?')}/reflection"
    with PoisonedOllama("/api/chat") as ollama:
        ollama.victim = running = daybook.insights_worker(
            ready=False, INSIGHTS_OLLAMA_URL=ollama.url, INSIGHTS_CONCURRENCY="1", INSIGHTS_LOST_MAX="1"
        )
        assert daybook.http.post(path).status_code == 202
        reflection = until(
            lambda: (found := daybook.http.get(path).json())["state"] != "pending" and found, why=running.log
        )
        assert (reflection["state"], reflection["reason"]) == ("failed", "worker_lost"), running.log()
        assert ollama.kills == 1
        running.stop()
