"""What the suite expects of a server, of each backend: one conformance suite for embedded servers and containers."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import nats
import pytest

from devstack import nats as embedded_nats
from devstack import postgres as embedded_postgres
from devstack.nats import NatsUser
from support.backends import engine
from support.backends.choice import default_images
from support.backends.nats import ContainerNats, NatsContainer, NatsServer
from support.backends.nats_process import NatsProcess
from support.backends.plugin import PROXY_LEAK
from support.backends.postgres import ContainerPostgres, PostgresServer
from support.eventually import eventually

WRITER = NatsUser("writer", "w", publish=("notes", "$JS.API.>", "$JS.ACK.>"), subscribe=("_INBOX.>",))
BACKENDS = ["embedded", "containers"]
#: Larger than the server's own default would let through, and within ours.
LARGE = 3 * 512 * 1024


def need_image(backend: str, server: str) -> None:
    image = default_images()[server]
    if backend == "containers" and (fault := engine.Engine().fault()):
        pytest.skip(f"no container engine here: {fault}")
    if backend == "containers" and not engine.Engine().has(image):
        pytest.skip(f"no image {image} here")


@pytest.fixture(params=BACKENDS)
def nats_of_ours(request: pytest.FixtureRequest, servers_dir: Path) -> Iterator[NatsServer]:
    need_image(request.param, "nats")
    containers = request.param == "containers"
    made = ContainerNats((WRITER,)) if containers else embedded_nats.NatsServer(servers_dir / "ours", users=(WRITER,))
    with made as server:
        yield server


@pytest.fixture(params=BACKENDS)
def postgres_of_ours(request: pytest.FixtureRequest, servers_dir: Path) -> Iterator[PostgresServer]:
    need_image(request.param, "postgres")
    containers = request.param == "containers"
    made = ContainerPostgres() if containers else embedded_postgres.PostgresServer(servers_dir / "ours-postgres")
    with made as server:
        yield server


@pytest.mark.filterwarnings(PROXY_LEAK)
async def test_nats_has_our_configuration_and_keeps_address_and_messages_over_a_restart(
    nats_of_ours: NatsServer,
) -> None:
    refused: list[Exception] = []

    async def heard(error: Exception) -> None:
        refused.append(error)

    url = nats_of_ours.url_of("writer")
    stranger = nats.NATS()
    with pytest.raises(nats.errors.Error, match="Authorization"):
        await stranger.connect(nats_of_ours.url, allow_reconnect=False, error_cb=heard)
    # A refused client keeps its socket until it is closed.
    await stranger.close()
    client = await nats.connect(url, error_cb=heard, reconnect_time_wait=0.05, max_reconnect_attempts=-1)
    try:
        assert client.max_payload == 2 * 1024 * 1024
        # No address but the published one: where a client goes that lost the server.
        assert {server.uri.netloc.rpartition("@")[2] for server in client._server_pool} == {
            f"127.0.0.1:{nats_of_ours.port}"
        }
        jetstream = client.jetstream()
        await jetstream.add_stream(name="NOTES", subjects=["notes"])
        await jetstream.publish("notes", b"x" * LARGE)
        refused.clear()
        await client.publish("elsewhere", b"")
        await eventually(lambda: asyncio.sleep(0, bool(refused)))
        assert "permissions violation" in str(refused[0]).lower()
        await asyncio.to_thread(nats_of_ours.stop)
        await eventually(lambda: asyncio.sleep(0, not client.is_connected))
        nats_of_ours.start()  # On this thread: an embedded server ends with the thread that started it.
        await eventually(lambda: asyncio.sleep(0, client.is_connected), within_s=30)
        assert (await jetstream.stream_info("NOTES")).state.messages == 1
    finally:
        await client.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_nats_that_refuses_its_configuration_is_told_with_its_log(backend: str, tmp_path: Path) -> None:
    need_image(backend, "nats")
    runner = NatsContainer() if backend == "containers" else NatsProcess(tmp_path)
    try:
        with pytest.raises(RuntimeError, match=r"did not start(.|\n)*unknown field \"nonsense\""):
            runner.start("nonsense: 1\n")
    finally:
        runner.remove()


async def test_postgres_makes_databases_and_keeps_address_and_rows_over_a_restart(
    postgres_of_ours: PostgresServer,
) -> None:
    url = postgres_of_ours.create_database("notes")
    assert postgres_of_ours.create_database("notes") == url == postgres_of_ours.url_of("notes")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE note (text text); INSERT INTO note VALUES ('kept')")
    await connection.close()
    postgres_of_ours.stop()
    postgres_of_ours.start()
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT text FROM note") == "kept"
    assert await connection.fetchval("SHOW server_encoding") == "UTF8"
    assert await connection.fetchval("SHOW fsync") == "on"
    await connection.close()


def test_containers_of_a_killed_run_are_removed_by_the_next_and_those_of_a_living_one_are_not() -> None:
    import docker

    need_image("containers", "nats")
    dead = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    client = docker.from_env()
    try:
        own = client.containers.create(default_images()["nats"], labels=engine.labels())
        theirs = client.containers.create(default_images()["nats"], labels=engine.labels() | {"daybook.test.pid": dead})
        try:
            engine.remove_left(own=False)
            left = {container.id for container in client.containers.list(all=True)}
            assert own.id in left
            assert theirs.id not in left
        finally:
            own.remove(force=True)
    finally:
        client.close()
