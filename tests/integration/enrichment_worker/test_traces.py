"""One trace from a request to what was made of it, on real servers; and not a word of the diary in any span."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from support.backends.nats import new_nats_server
from support.backends.postgres import PostgresServer
from support.backends.qdrant import new_qdrant_server
from support.enrichment import USER, Daybook, Worker, until
from support.otlp_receiver import OtlpReceiver, Received
from support.scripted_ollama import EMBEDDING_MODEL, MODEL, ScriptedOllama, fault

SENTENCE = "Quixotically Ottoline hid the marzipan zeppelin from Barnaby."
QUERY = "whereabouts of confectionery dirigibles"
#: In which every trace begins.
CLIENTS_SPAN = "00000000000000a1"
#: Entries that wait when the worker comes: one task embeds them together.
WAITING = 3


@dataclass
class Traced:
    daybook: Daybook
    worker: Worker
    receiver: OtlpReceiver
    ollama: ScriptedOllama
    journal: str
    #: Trace ids of the entries that waited.
    waited: list[str]

    def post(self, body: str = SENTENCE) -> tuple[str, str]:
        """The entry's id and the trace's, which a client began."""
        return _post(self.daybook, self.journal, body)

    def settle(self, entry_id: str) -> None:
        self.daybook.settled(self.journal, entry_id)

    def wait_for(self, trace_id: str, name: str, **attributes: object) -> Received:
        return self.receiver.wait_for(
            lambda span: (
                span.trace_id == trace_id and span.name == name and attributes.items() <= span.attributes.items()
            )
        )

    def path_to(self, span: Received) -> list[tuple[str, str, str]]:
        """Service, kind and name from the trace's first span that we made down to this one.

        Each process sends its spans when it has time, so one may come before the span that it is in.
        """
        return until(lambda: self._path_to(span), within_s=20, why=lambda: f"{span} has no way to it")

    def _path_to(self, span: Received) -> list[tuple[str, str, str]] | None:
        by_id = {one.span_id: one for one in self.receiver.trace(span.trace_id)}
        path = [span]
        while path[0].parent_id not in {"", CLIENTS_SPAN}:
            parent = by_id.get(path[0].parent_id)
            if parent is None:
                return None
            path.insert(0, parent)
        return [(one.service, one.kind, one.name) for one in path]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[Traced]:
    directory = tmp_path_factory.mktemp("traces")
    with (
        OtlpReceiver() as receiver,
        ScriptedOllama() as ollama,
        new_nats_server(directory / "nats", users=(USER,)) as nats_server,
        new_qdrant_server(directory / "qdrant") as qdrant,
        Daybook(directory, nats_server, postgres_server, qdrant).serving(
            ollama.url, GATEWAY_OTLP_ENDPOINT=receiver.url
        ) as daybook,
    ):
        journal = daybook.new_journal()
        waiting = [_post(daybook, journal, f"{SENTENCE} {number}") for number in range(WAITING)]
        worker = daybook.worker(ENRICHMENT_OTLP_ENDPOINT=receiver.url)
        for entry_id, _ in waiting:
            daybook.settled(journal, entry_id)
        yield Traced(daybook, worker, receiver, ollama, journal, [trace_id for _, trace_id in waiting])


def _post(daybook: Daybook, journal: str, body: str) -> tuple[str, str]:
    trace_id = secrets.token_hex(16)
    answer = daybook.http.post(
        f"/v1/journals/{journal}/entries",
        json={"body": body, "tags": ["zeppelins"], "metadata": {"weather": "drizzling"}},
        headers={"traceparent": f"00-{trace_id}-{CLIENTS_SPAN}-01", "tracestate": "secretive=zeppelin"},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], trace_id


def _enriched(queue: str) -> list[tuple[str, str, str]]:
    """The way to the event that tells of a result."""
    return [
        ("gateway", "SERVER", "POST /v1/journals/{journal}/entries"),
        ("gateway", "PRODUCER", "publish daybook.v1.events.entry.created"),
        ("enrichment-worker", "CONSUMER", "process enrichment-worker"),
        ("enrichment-worker", "CONSUMER", f"process {queue}"),
        ("enrichment-worker", "INTERNAL", "asyncio.run"),
        ("enrichment-worker", "CLIENT", "daybook.v1.api.enrichments.record"),
        ("gateway", "SERVER", "daybook.v1.api.enrichments.record"),
        ("gateway", "PRODUCER", "publish daybook.v1.events.entry.enriched"),
    ]


def test_one_trace_runs_from_the_request_to_what_is_told_of_its_results(traced: Traced) -> None:
    entry_id, trace_id = traced.post()
    traced.settle(entry_id)
    published = "publish daybook.v1.events.entry.enriched"
    traced.wait_for(trace_id, "process enrichment.embed")
    traced.wait_for(trace_id, "process enrichment.mood")
    told = until(lambda: _both(traced, trace_id, published))
    assert sorted(map(traced.path_to, told)) == [_enriched("enrichment.embed"), _enriched("enrichment.mood")]
    root = traced.wait_for(trace_id, "POST /v1/journals/{journal}/entries")
    assert root.parent_id == CLIENTS_SPAN
    assert root.attributes == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.route": "/v1/journals/{journal}/entries",
        "http.response.status_code": 201,
    }
    assert not any(span.failed or span.events or span.links for span in traced.receiver.trace(trace_id))


def test_a_task_is_described_by_what_it_did(traced: Traced) -> None:
    entry_id, trace_id = traced.post()
    traced.settle(entry_id)
    task = traced.wait_for(trace_id, "process enrichment.embed").attributes
    assert task.pop("messaging.message.id")
    assert task == {
        "messaging.system": "celery",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "enrichment.embed",
        "daybook.task": "enrichment.embed",
        "daybook.attempt": 0,
        "daybook.entries": 1,
        "daybook.fate": "done",
    }
    inside = {"asyncio.run", "process enrichment.embed"}
    upsert = traced.wait_for(trace_id, "upsert journal")
    assert inside <= {name for _, _, name in traced.path_to(upsert)}
    assert (upsert.kind, upsert.attributes["db.system.name"]) == ("CLIENT", "qdrant")


def test_calls_of_models_are_described_by_the_conventions_of_generative_ai(traced: Traced) -> None:
    entry_id, trace_id = traced.post()
    traced.settle(entry_id)
    embeddings = traced.wait_for(trace_id, f"embeddings {EMBEDDING_MODEL}")
    server = {"server.address": "127.0.0.1", "server.port": traced.ollama.port, "gen_ai.provider.name": "ollama"}
    assert embeddings.kind == "CLIENT"
    assert embeddings.attributes == {
        **server,
        "gen_ai.operation.name": "embeddings",
        "gen_ai.request.model": EMBEDDING_MODEL,
        "gen_ai.response.model": EMBEDDING_MODEL,
        "gen_ai.usage.input_tokens": len(SENTENCE.split()),
        "gen_ai.embeddings.dimension.count": traced.ollama.dimension,
    }
    chat = traced.wait_for(trace_id, f"chat {MODEL}")
    assert 0 < chat.attributes.pop("gen_ai.response.time_to_first_chunk") < 5
    assert chat.attributes.pop("gen_ai.usage.output_tokens") > 0
    assert chat.attributes == {
        **server,
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": MODEL,
        "gen_ai.request.stream": True,
        "gen_ai.response.model": MODEL,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 11,
    }
    assert [name for _, _, name in traced.path_to(chat)][-2:] == ["asyncio.run", f"chat {MODEL}"]


def test_a_task_for_many_events_has_a_trace_of_its_own_with_a_link_to_each(traced: Traced) -> None:
    batch = traced.receiver.wait_for(lambda span: span.attributes.get("daybook.entries") == WAITING)
    assert batch.parent_id == ""
    assert sorted(trace_id for trace_id, _ in batch.links) == sorted(traced.waited)
    for _, span_id in batch.links:
        taken = traced.receiver.wait_for(lambda span, wanted=span_id: span.span_id == wanted)
        assert [name for _, _, name in traced.path_to(taken)] == [name for _, _, name in _enriched("")[:3]]
    traced.wait_for(batch.trace_id, "publish daybook.v1.events.entry.enriched")
    for trace_id in traced.waited:  # Moods are inferred one by one.
        traced.wait_for(trace_id, "process enrichment.mood")


def test_a_retry_stays_in_the_trace(traced: Traced) -> None:
    traced.ollama.script("/api/chat", fault(500, "out of zeppelins"))
    entry_id, trace_id = traced.post()
    traced.settle(entry_id)
    first = traced.wait_for(trace_id, "process enrichment.mood", **{"daybook.attempt": 0})
    second = traced.wait_for(trace_id, "process enrichment.mood", **{"daybook.attempt": 1})
    assert (first.attributes["daybook.fate"], second.attributes["daybook.fate"]) == ("retried", "done")
    assert first.parent_id == second.parent_id
    assert not first.failed
    failed = traced.receiver.wait_for(
        lambda span: span.trace_id == trace_id and span.name == f"chat {MODEL}" and span.failed
    )
    assert failed.attributes["error.type"] == "ServerFault"


def test_no_span_of_any_process_has_a_word_of_the_diary_or_a_secret(traced: Traced) -> None:
    entry_id, trace_id = traced.post()
    traced.settle(entry_id)
    assert traced.daybook.search(traced.journal, QUERY) is not None
    traced.daybook.http.get(f"/v1/journals/{traced.journal}/entries", params={"cursor": "zeppelin"})
    traced.daybook.http.get("/zeppelin", params={"marzipan": SENTENCE})
    traced.wait_for(trace_id, "process enrichment.mood")
    searched = traced.receiver.wait_for(lambda span: span.name == "POST /v1/journals/{journal}/search")
    names = {span.name for span in traced.receiver.trace(searched.trace_id)}
    assert f"embeddings {EMBEDDING_MODEL}" in names
    assert any(name.startswith("query_") and name.endswith(" journal") for name in names)
    traced.receiver.wait_for(lambda span: span.name == "GET")  # The last one, whose address nobody knows.
    key = str(traced.daybook.http.headers["Authorization"]).removeprefix("Bearer ")
    words = [*SENTENCE.split(), *QUERY.split(), "zeppelin", "drizzling", "The writer rests", "secretive", "tracestate"]
    words = [word.strip(".") for word in words if len(word) > 4]
    assert len(words) > 10
    assert {span.scope for span in traced.receiver.spans()} == {"daybook", "entry_index", "ollama_client"}
    raw = traced.receiver.raw.lower()
    assert [word for word in [*words, key, traced.journal, USER.password] if word.lower().encode() in raw] == []


def test_log_lines_of_a_task_say_its_trace(traced: Traced) -> None:
    traced.ollama.script("/api/chat", fault(500, "once more"))
    entry_id, trace_id = traced.post()
    traced.settle(entry_id)
    retried = [line for line in traced.worker.events("task.retried") if line.get("trace_id") == trace_id]
    assert len(retried) == 1


def test_without_a_collector_work_goes_on_and_with_it_again_spans_come(traced: Traced) -> None:
    traced.receiver.stop()
    try:
        entry_id, _ = traced.post()
        traced.settle(entry_id)
        assert traced.daybook.search(traced.journal, QUERY) is not None
    finally:
        traced.receiver.start()
    entry_id, trace_id = traced.post()
    traced.settle(entry_id)
    traced.wait_for(trace_id, "process enrichment.embed")


def test_the_evidence_of_a_task_names_its_trace(traced: Traced) -> None:
    entry_id, trace_id = traced.post()
    traced.settle(entry_id)
    traced.wait_for(trace_id, "process enrichment.mood")
    answer = httpx.get(
        f"http://127.0.0.1:{traced.worker.port}/metrics",
        headers={"Accept": "application/openmetrics-text; version=1.0.0"},
        trust_env=False,
    )
    named = {
        (family.name, sample.labels.get("task"))
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.exemplar and sample.exemplar.labels["trace_id"] == trace_id
    }
    evidence = ("daybook_bridge_overhead_seconds", "daybook_inference_seconds", "daybook_worker_task_seconds")
    assert named >= {(name, "enrichment.infer_mood") for name in evidence}


def test_a_worker_that_is_stopped_sends_its_last_spans_first(traced: Traced) -> None:
    """The last test: the worker is gone after it."""
    entry_id, trace_id = traced.post()
    traced.settle(entry_id)
    traced.worker.stop()
    names = {span.name for span in traced.receiver.trace(trace_id)}
    assert {"process enrichment-worker", "process enrichment.embed", "process enrichment.mood"} <= names


def _both(traced: Traced, trace_id: str, name: str) -> list[Received] | None:
    found = [span for span in traced.receiver.trace(trace_id) if span.name == name]
    return found if len(found) == 2 else None
