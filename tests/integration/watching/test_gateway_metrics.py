"""What the gateway tells Prometheus."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from devstack.nats import NatsServer
from devstack.postgres import PostgresServer
from support.enrichment import until
from support.gateway_process import GatewayProcess, gateway_env, run_gateway
from support.scripted_ollama import EMBEDDING_MODEL, MODEL
from support.watched_stack import WatchedStack, samples, value

#: Whoever comes first waits for the stack.
pytestmark = pytest.mark.timeout(400)

GATEWAY = "gateway"
STATEMENTS = "daybook_gateway_statement_seconds_count"
EVENTS, PULLS = "daybook_gateway_consumer_events", "daybook_gateway_consumer_open_pulls"


def test_the_way_from_created_to_enriched_is_timed_by_kind(watched: WatchedStack) -> None:
    latency = "daybook_gateway_enrichment_latency_seconds"
    for kind, least in (("embedding", 5), ("mood", 4), ("reflection", 1), ("report", 1)):
        assert value(watched, GATEWAY, f"{latency}_count", kind=kind) >= least, kind
        assert value(watched, GATEWAY, f"{latency}_sum", kind=kind) > 0, kind
    recorded = "daybook_gateway_enrichments_recorded_total"
    assert value(watched, GATEWAY, recorded, kind="mood", outcome="failed", reason="model_missing") == 1
    assert value(watched, GATEWAY, recorded, kind="mood", outcome="done", reason="") >= 4
    (never,) = samples(watched.targets[GATEWAY], recorded, kind="report", outcome="failed", reason="model_missing")
    assert never.value == 0, "Prometheus sees no increase in a series that begins with 1"
    requests = "daybook_gateway_nats_requests_total"
    for outcome in ("key-invalid", "scope-missing"):
        refused = {"subject": "daybook.v1.api.evidence.report", "outcome": outcome}
        assert [sample.value for sample in samples(watched.targets[GATEWAY], requests, **refused)] == [0]


def test_statements_are_timed_by_name(watched: WatchedStack) -> None:
    names = {sample.labels["statement"] for sample in samples(watched.targets[GATEWAY], STATEMENTS)}
    assert {"record_enrichment", "insert_events", "claim_events", "begin", "commit"} <= names
    assert [name for name in names if not re.fullmatch(r"[a-z_]+", name)] == []
    assert value(watched, GATEWAY, STATEMENTS, statement="record_enrichment", outcome="ok") >= 8
    assert value(watched, GATEWAY, "daybook_gateway_database_connection_wait_seconds_count") > 0
    assert value(watched, GATEWAY, "daybook_gateway_database_connections") == 10


def test_models_and_the_index_are_timed_here_too(watched: WatchedStack) -> None:
    calls = "daybook_gateway_model_call_seconds_count"
    assert value(watched, GATEWAY, calls, model=EMBEDDING_MODEL, operation="embed", outcome="whole") >= 1
    assert value(watched, GATEWAY, calls, model=MODEL, operation="chat", outcome="whole") >= 1
    assert value(watched, GATEWAY, "daybook_gateway_model_tokens_total", direction="answer") > 0
    assert value(watched, GATEWAY, "daybook_gateway_index_call_seconds_count", outcome="ok") >= 1


def test_requests_are_measured_by_route_and_buckets_name_traces(watched: WatchedStack) -> None:
    name = "daybook_gateway_request_duration_seconds"
    route = "/v1/journals/{journal}/entries"
    assert value(watched, GATEWAY, f"{name}_count", method="POST", route=route, status="201") >= 5
    assert value(watched, GATEWAY, f"{name}_count", route="none", status="404") >= 1
    buckets = samples(watched.targets[GATEWAY], f"{name}_bucket", method="POST", route=route, status="201")
    traces = [sample.exemplar.labels["trace_id"] for sample in buckets if sample.exemplar]
    assert traces
    assert watched.receiver.trace(traces[0])


def test_it_says_how_far_each_worker_is_and_that_all_answer(watched: WatchedStack) -> None:
    for durable in ("enrichment-worker", "insights-worker"):
        until(lambda durable=durable: value(watched, GATEWAY, EVENTS, durable=durable) == 0)
        assert value(watched, GATEWAY, "daybook_gateway_consumer_oldest_event_age_seconds", durable=durable) == 0
        until(lambda durable=durable: value(watched, GATEWAY, PULLS, durable=durable) >= 1)
    for name in ("database", "nats", "ollama", "index"):
        assert value(watched, GATEWAY, "daybook_gateway_dependency_up", dependency=name) == 1, name
    for kind in ("reflection", "report"):
        assert value(watched, GATEWAY, "daybook_gateway_pending_work", kind=kind) == 0
    (build,) = samples(watched.targets[GATEWAY], "daybook_build_info")
    assert build.labels["component"] == GATEWAY


@pytest.fixture
def alone(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[tuple[GatewayProcess, NatsServer]]:
    """A gateway whose NATS may be stopped, and which nobody works for. Its folder of counts is to be ignored."""
    counts = tmp_path / "counts"
    counts.mkdir()
    with NatsServer(tmp_path / "nats") as nats_server:
        env = gateway_env(postgres_server.create_database(f"alone_{time.time_ns()}"), nats_server.url)
        env["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
        keys = f"keys ensure --name t --scopes read,write --journals * --key-file {tmp_path / 'key'}"
        for command in ("migrate", "topology", keys):
            done = run_gateway(env, *command.split())
            assert done.returncode == 0, done.stderr
        with GatewayProcess(env, tmp_path / "log") as gateway:
            yield gateway, nats_server
        assert list(counts.iterdir()) == [], "one process counts for itself alone"


def read(gateway: GatewayProcess, name: str, **labels: str) -> float | None:
    found = [sample.value for sample in samples(f"{gateway.url}/metrics", name, **labels)]
    return sum(found) if found else None


def test_what_waits_is_seen_while_no_worker_lives_and_while_nats_is_away(
    alone: tuple[GatewayProcess, NatsServer], tmp_path: Path
) -> None:
    gateway, nats_server = alone
    headers = {"Authorization": f"Bearer {(tmp_path / 'key').read_text().strip()}"}
    with httpx.Client(base_url=gateway.url, headers=headers, trust_env=False, timeout=20) as client:
        assert client.get("/metrics").headers["content-type"].startswith("text/plain")
        client.put("/v1/journals/me").raise_for_status()
        client.post("/v1/journals/me/entries", json={"body": "One evening."}).raise_for_status()
        until(lambda: read(gateway, EVENTS, durable="enrichment-worker", state="waiting") == 1)
        oldest = "daybook_gateway_consumer_oldest_event_age_seconds"
        assert (read(gateway, oldest, durable="enrichment-worker") or 0) > 0
        assert read(gateway, "daybook_gateway_pending_work", kind="mood") == 1
        _grows(gateway, "daybook_gateway_pending_work_oldest_age_seconds", kind="mood")
        assert read(gateway, "daybook_gateway_outbox_events") == 0

        nats_server.stop()
        client.post("/v1/journals/me/entries", json={"body": "Another evening."}).raise_for_status()
    until(lambda: read(gateway, "daybook_gateway_dependency_up", dependency="nats") == 0)
    assert read(gateway, EVENTS) is None, "nothing stale is told"
    assert read(gateway, "daybook_gateway_outbox_events") == 1
    _grows(gateway, "daybook_gateway_outbox_lag_seconds")


def _grows(gateway: GatewayProcess, name: str, **labels: str) -> None:
    before = read(gateway, name, **labels)
    assert before is not None
    until(lambda: (read(gateway, name, **labels) or 0) > before)
