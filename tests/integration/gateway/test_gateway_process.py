"""The gateway as an operator runs it: commands, a start, an entry, a stop."""

import asyncio
import json
import stat

import httpx
import pytest

from support.event_stream import stored_events
from support.eventually import eventually
from support.gateway_process import GatewayProcess, gateway_env, run_gateway

JSON = {"content-type": "application/json"}


@pytest.fixture
def env(database_url, nats_server):
    return gateway_env(database_url, nats_server.url)


async def _slow_body(begun):
    yield b'{"body": '
    begun.set()
    await asyncio.sleep(0.5)
    yield b'"SECRET written while it stopped"}'


def _ensure_key(env, file, *, scopes="read,write,admin", journals="*"):
    options = ["--name", "test", "--scopes", scopes, "--journals", journals, "--key-file", str(file)]
    return run_gateway(env, "keys", "ensure", *options)


async def test_an_entry_goes_in_and_its_event_comes_out_and_the_process_ends_in_order(env, nats_server, tmp_path):
    assert run_gateway(env, "migrate").returncode == 0
    assert run_gateway(env, "topology").returncode == 0
    key_id = _ensure_key(env, tmp_path / "key").stdout.strip()
    key = (tmp_path / "key").read_text().strip()
    assert key.startswith(f"dbk_{key_id}_")
    begun = asyncio.Event()
    page = "https://notes.example"
    with GatewayProcess({**env, "GATEWAY_CORS_ORIGINS": page}, tmp_path / "log") as gateway:
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=gateway.url, headers=headers, trust_env=False, timeout=20) as client:
            assert (await client.put("/v1/journals/anna")).status_code == 201
            created = await client.post(
                "/v1/journals/anna/entries", json={"body": "SECRET words"}, headers={"Origin": page}
            )
            assert (created.status_code, created.headers["access-control-allow-origin"]) == (201, page)
            entry_id = created.json()["id"]

            async def is_told() -> bool:
                return entry_id in {str(event.data.entry_id) for event in await stored_events(nats_server.url)}

            await eventually(is_told)
            ready = (await client.get("/readyz")).json()
            assert ready["status"] == "degraded"
            assert {name: part["status"] for name, part in ready["dependencies"].items()} == {
                "database": "up",
                "nats": "up",
                "ollama": "down",
                "index": "down",
            }
            metrics = (await client.get("/metrics")).text
            assert "daybook_gateway_events_relayed_total" in metrics
            taken = run_gateway({**env, "GATEWAY_HTTP_PORT": gateway.url.rpartition(":")[2]}, "serve")
            assert (taken.returncode, "Address already in use" in taken.stderr) == (1, True)
            posting = asyncio.create_task(
                client.post("/v1/journals/anna/entries", content=_slow_body(begun), headers=JSON)
            )
            await begun.wait()
            assert await asyncio.to_thread(gateway.stop) == 0
            # It was in hand when the gateway was told to stop.
            assert (await posting).status_code == 201
        assert [line["event"] for line in gateway.lines][-1] == "gateway.stopped"
        assert "SECRET" not in (tmp_path / "log").read_text()


def test_a_key_file_is_made_once_for_its_owner_alone(env, tmp_path):
    file = tmp_path / "keys" / "admin"
    first = _ensure_key(env, file)
    assert first.returncode == 0, first.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = file.read_text()
    again = _ensure_key(env, file, scopes="read", journals="anna,ben")
    assert (again.stdout, file.read_text()) == (first.stdout, key)
    assert key.strip() not in first.stdout + first.stderr


def test_wrong_orders_are_refused_with_their_names(env, tmp_path):
    unknown = _ensure_key(env, tmp_path / "key", scopes="read,fly")
    assert (unknown.returncode, "unknown scope fly" in unknown.stderr) == (2, True)
    no_journal = _ensure_key(env, tmp_path / "key", scopes="read", journals="anna,Diary!")
    assert (no_journal.returncode, "no journal can have the name Diary!:" in no_journal.stderr) == (2, True)
    del env["GATEWAY_EMBEDDING_MODEL"]
    missing = run_gateway({**env, "GATEWAY_HTTP_PORT": "hush-hush"}, "migrate")
    assert missing.returncode == 2
    assert "GATEWAY_EMBEDDING_MODEL" in missing.stderr
    assert "GATEWAY_HTTP_PORT" in missing.stderr
    assert "hush-hush" not in missing.stderr


def test_a_command_that_fails_says_so_by_its_status():
    nowhere = gateway_env("postgresql://postgres@127.0.0.1:1/x", "nats://127.0.0.1:1")
    for command, place in (("migrate", "GATEWAY_DATABASE_URL"), ("topology", "GATEWAY_NATS_URL")):
        failed = run_gateway(nowhere, command)
        (line,) = [line for line in failed.stderr.splitlines() if not line.startswith("{")]
        assert (failed.returncode, place in line) == (1, True)


def test_a_failure_that_nobody_foresaw_is_told_by_its_place_and_without_an_address():
    """A driver repeats what it cannot read of an address: here a piece of the password."""
    failed = run_gateway(gateway_env("postgresql://daybook:hush/hush@127.0.0.1:1/x", "nats://127.0.0.1:1"), "migrate")
    told = json.loads(failed.stderr.splitlines()[-1])
    assert (failed.returncode, told["event"], told["command"]) == (1, "gateway.failed", "migrate")
    assert any("db/migrations.py" in line for line in told["frames"])
    assert "hush" not in failed.stderr
