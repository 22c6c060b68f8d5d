"""`gateway doctor` on real servers with real faults: what it finds, and what it says to do."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import nats
import pytest

from devstack.ports import free_port
from entry_index import EmbeddingModel, EntryIndex, IndexConfig, IndexContents
from gateway.db.diagnosis import DatabaseFacts
from gateway.doctor import database, findings, models
from gateway.doctor.findings import Check, run_checks
from gateway.doctor.report import as_json, as_text
from gateway.messaging.topology import apply_topology
from support.backends.nats import NatsServer, new_nats_server
from support.backends.postgres import PostgresServer
from support.backends.qdrant import new_qdrant_server
from support.doctor import found, settings
from support.gateway_process import gateway_env, run_gateway
from support.scripted_ollama import EMBEDDING_MODEL, MODEL, ScriptedOllama


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_servers_that_are_not_there_are_named_with_what_to_do(tmp_path: Path) -> None:
    secret = "s3cret-of-the-test"
    env = gateway_env(f"postgresql://u:{secret}@127.0.0.1:1/d", f"nats://u:{secret}@127.0.0.1:1")
    done = run_gateway(env, "doctor")
    assert done.returncode == 2
    lines = done.stdout.splitlines()
    assert "fail  database   PostgreSQL does not answer (ConnectionRefusedError)" in lines
    assert any(line.startswith("fail  nats       NATS does not answer") for line in lines)
    assert any(line.startswith("fail  models     Ollama does not answer (Unreachable)") for line in lines)
    assert any(line.startswith("fail  index      Qdrant does not answer as it should") for line in lines)
    assert sum(line.strip().startswith("->") for line in lines) >= 4, "each has a remedy"
    as_a_program = run_gateway(env, "doctor", "--json")
    assert as_a_program.returncode == 2
    told = json.loads(as_a_program.stdout)
    assert told["state"] == "fail"
    assert {"check", "state", "says", "remedy"} == set(told["findings"][0])
    assert secret not in done.stdout + done.stderr + as_a_program.stdout + as_a_program.stderr


async def test_a_login_that_is_refused_is_told_apart_from_a_server_that_is_away(
    database_url: str, postgres_server: PostgresServer, nats_server: NatsServer
) -> None:
    password = database_url.partition("//")[2].partition("@")[0].partition(":")[2]
    wrong = database_url.replace(password, "wrong")
    by_check = await found(settings(wrong, nats_server.url))
    assert by_check["database"] == [
        ("fail", "PostgreSQL refuses the login", "set the right user and password in GATEWAY_DATABASE_URL")
    ]
    by_check = await found(settings(postgres_server.url_of("nowhere"), nats_server.url))
    assert by_check["database"][0][:2] == ("fail", "there is no such database")


async def test_missing_migrations_are_named(postgres_server: PostgresServer, nats_server: NatsServer) -> None:
    by_check = await found(settings(postgres_server.create_database(f"doctor_{free_port()}"), nats_server.url))
    missing = [finding for finding in by_check["database"] if "migrations are missing" in finding[1]]
    assert missing[0][0] == "fail"
    assert "0001_journals_and_entries" in missing[0][1]
    assert missing[0][2] == "run `gateway migrate`"


async def test_streams_that_are_missing_or_different_and_workers_that_are_not_there(
    database_url: str, tmp_path: Path
) -> None:
    with new_nats_server(tmp_path / "nats") as server:
        chosen = settings(database_url, server.url)
        by_check = await found(chosen)
        assert ("fail", "stream DAYBOOK_EVENTS is missing", "run `gateway topology`") in by_check["nats"]
        client = await nats.connect(server.url)
        try:
            jetstream = client.jetstream()
            await apply_topology(jetstream, replicas=1)
            by_check = await found(chosen)
            states = {says: state for state, says, _ in by_check["nats"]}
            assert re.fullmatch(r"nats-server \d+\.\d+\.\d+", next(iter(states)))
            assert states["streams and consumers are as declared (DAYBOOK_EVENTS)"] == "ok"
            assert states["no enrichment-worker reads events; 0 wait"] == "fail"
            await jetstream.delete_consumer("DAYBOOK_EVENTS", "insights-worker")
            by_check = await found(chosen)
            assert "consumer DAYBOOK_EVENTS/insights-worker is missing" in [says for _, says, _ in by_check["nats"]]
        finally:
            await client.close()


async def test_models_that_are_missing_are_named_with_the_line_that_gets_them(
    database_url: str, nats_server: NatsServer
) -> None:
    with ScriptedOllama() as ollama:
        by_check = await found(settings(database_url, nats_server.url, ollama_url=ollama.url))
        says = {says: state for state, says, _ in by_check["models"]}
        assert says[f"model {EMBEDDING_MODEL} is installed"] == says[f"model {MODEL} is installed"] == "ok"
        assert says[f"model {MODEL} was made for {ollama.context_tokens} tokens, and 4096 are asked for"] == "warn"
        chosen = settings(database_url, nats_server.url, ollama_url=ollama.url, chat_model="qwen3")
        by_check = await found(chosen)
        assert ("fail", "model qwen3 is not installed: questions are not answered", "ollama pull qwen3") in by_check[
            "models"
        ]


async def test_an_index_of_another_model_is_found(database_url: str, nats_server: NatsServer, tmp_path: Path) -> None:
    with ScriptedOllama() as ollama, new_qdrant_server(tmp_path / "qdrant") as qdrant_server:
        index = IndexConfig(url=qdrant_server.url, timeout_s=5)
        chosen = {"ollama_url": ollama.url, "qdrant_url": qdrant_server.url}
        async with EntryIndex(index) as opened:
            await opened.ensure(EmbeddingModel("another-model", "abc", 4))
        by_check = await found(settings(database_url, nats_server.url, **chosen))
    ((state, says, remedy),) = by_check["index"]
    assert state == "fail"
    assert says.startswith("the index holds vectors of another-model (4 dimensions")
    assert remedy.startswith("set the embedding model back to another-model")


@pytest.mark.parametrize(
    ("indexed", "set_to"), [("all-minilm", "all-minilm:latest"), ("all-minilm:latest", "all-minilm")]
)
def test_an_index_of_the_model_under_its_other_spelling_is_well(indexed: str, set_to: str) -> None:
    contents = IndexContents(EmbeddingModel(indexed, "d1", 4), "mark")
    assert models._same_model(contents, ("d1", 4), set_to).state == "ok"


async def test_a_server_that_says_nothing_does_not_hang_it(database_url: str) -> None:
    with silent() as port:
        url = f"127.0.0.1:{port}"
        chosen = settings(f"postgresql://u:p@{url}/d", f"nats://{url}", ollama_url=f"http://{url}")
        by_check = await found(chosen)
    for check in ("database", "nats", "models", "index"):
        assert {state for state, _, _ in by_check[check]} == {"fail"}, by_check[check]


async def test_keys_overdue_work_and_given_up_results_are_told(
    database_url: str, nats_server: NatsServer, tmp_path: Path
) -> None:
    by_check = await found(settings(database_url, nats_server.url))
    assert any("no API key has the scope enrich" in says for _, says, _ in by_check["database"])
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "INSERT INTO outbox (event_id, subject, event, created_at)"
            " VALUES (gen_random_uuid(), 's', '{}', now() - interval '5 minutes')"
        )
    finally:
        await connection.close()
    by_check = await found(settings(database_url, nats_server.url))
    late = [finding for finding in by_check["database"] if "events wait for JetStream" in finding[1]]
    assert late[0][0] == "fail"


async def test_what_is_switched_off_and_who_may_read_secrets_is_told(
    database_url: str, nats_server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAYBOOK_SECRETS_DIR", str(tmp_path))
    (tmp_path / "gateway_qdrant_api_key").write_text("x")
    (tmp_path / "gateway_qdrant_api_key").chmod(0o644)
    chosen = settings(database_url, nats_server.url, care="off", lexicon_key=None)
    by_check = await found(chosen)
    says = [line for state, line, _ in by_check["settings"] if state == "warn"]
    assert [line.partition(":")[0] for line in says[:2]] == ["care is off", "no lexicon key is set"]
    assert says[2].startswith("others than its owner may read")
    assert by_check["addresses"] == [("ok", "all servers are on this machine or a private network", "")]


async def test_an_address_that_is_public_is_told(nats_server: NatsServer) -> None:
    chosen = settings("postgresql://u:p@127.0.0.1:1/d", nats_server.url, qdrant_url="http://192.0.2.1:1")
    by_check = await found(chosen)
    assert by_check["addresses"][0][:2] == (
        "warn",
        "GATEWAY_QDRANT_URL names a public address: what is written leaves your network",
    )


def test_clocks_apart_and_a_server_that_does_not_sync_are_told() -> None:
    facts = DatabaseFacts("17.2", 1, {"fsync": "off", "full_page_writes": "on"}, (), (), 7.0, 0.01)
    says = [finding.says for finding in database._of_server(facts) if finding.state == "warn"]
    assert says == [
        "fsync is off: a power cut may lose entries that were acknowledged",
        "PostgreSQL's clock is 7.0 s ahead of ours",
    ]


async def test_a_check_that_hangs_or_breaks_ends_none_of_the_others() -> None:
    async def hangs() -> list[findings.Finding]:
        with silent() as port:
            sock = socket.create_connection(("127.0.0.1", port))
            sock.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_recv(sock, 1)
            finally:
                sock.close()
        return []

    async def breaks() -> list[findings.Finding]:
        raise RuntimeError("postgresql://u:secret@host")

    async def works() -> list[findings.Finding]:
        return [findings.ok("fine")]

    checks = [Check(f.__name__, f, "do something", deadline_s=0.2) for f in (hangs, breaks, works)]
    results = await run_checks(checks)
    assert [result.findings[0].state for result in results] == ["fail", "fail", "ok"]
    text = as_text(results) + as_json(results)
    assert "no answer within 0.2 s" in text
    assert "RuntimeError" in text
    assert "secret" not in text
