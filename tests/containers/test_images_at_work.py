"""Each image beside a real NATS and PostgreSQL: gets healthy, does its work, and stops when told."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from devstack.qdrant.server import QdrantServer
from gateway.service.keys import mint_key
from support.eventually import wait_until
from support.journal_client import JournalClient
from support.scripted_ollama import EMBEDDING_MODEL, MODEL, ScriptedOllama
from support.service_images import STOP_S, Images, ImageStack, address, health, stopped, told_by
from support.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]

WORKERS = {"enrichment-worker": "ENRICHMENT", "insights-worker": "INSIGHTS"}
#: Kernel facts of PID 1, and the states of all processes.
PROCESSES = """
import json, pathlib
states = {}
for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
    number, _, rest = path.read_text().partition(" ")
    states[number] = rest.rpartition(")")[2].split()[0]
status = dict(line.split(":", 1) for line in open("/proc/1/status").read().splitlines())
print(json.dumps({"states": states, "status": {name: value.strip() for name, value in status.items()}}))
"""
KILL_A_CHILD = """
import json, os, pathlib, signal
children = pathlib.Path("/proc/1/task/1/children").read_text().split()
os.kill(int(children[0]), signal.SIGKILL)
print(json.dumps(children))
"""


@pytest.fixture(scope="module")
def stack(images: Images, servers_dir: Path) -> Iterator[ImageStack]:
    """NATS and PostgreSQL in containers. No image of Qdrant and Ollama may be had: they are this machine's own."""
    secrets_dir = servers_dir / "secrets"
    secrets_dir.mkdir()
    secrets_dir.chmod(0o755)
    with ExitStack() as opened:
        network, host = images.network()
        qdrant = opened.enter_context(QdrantServer(servers_dir / "qdrant"))
        ollama = opened.enter_context(ScriptedOllama())
        ports = {
            name: opened.enter_context(TcpProxy(server.port, host=host)).port
            for name, server in (("QDRANT", qdrant), ("OLLAMA", ollama))
        }
        settings = {
            f"{prefix}_{name}_URL": f"http://{host}:{port}"
            for name, port in ports.items()
            for prefix in ("GATEWAY", *WORKERS.values())
        }
        settings |= {f"{prefix}_EMBEDDING_MODEL": EMBEDDING_MODEL for prefix in ("GATEWAY", *WORKERS.values())}
        settings |= {f"{prefix}_CHAT_MODEL": MODEL for prefix in ("GATEWAY", *WORKERS.values())}
        found = ImageStack(images, network, host, secrets_dir, settings)
        found.start_servers()
        for name in ("admin_key", "enrichment_gateway_key", "insights_gateway_key"):
            found.secret(name, mint_key())
        yield found


@pytest.fixture(scope="module")
def prepared(stack: ImageStack) -> ImageStack:
    """The schema, the streams and the keys are there: made by the image of the gateway."""
    for command in ("migrate", "topology"):
        status, output = stack.run("gateway", command)
        assert status == 0, output
    for name, scopes, file in (
        ("admin", "read,write,admin", "admin_key"),
        ("enrichment-worker", "enrich", "enrichment_gateway_key"),
        ("insights-worker", "enrich", "insights_gateway_key"),
    ):
        options = ["--name", name, "--scopes", scopes, "--journals", "*", "--key-file", f"/run/secrets/{file}"]
        status, output = stack.run("gateway", "keys", "ensure", *options)
        assert status == 0, output
    return stack


@pytest.mark.parametrize("service", ["gateway", *WORKERS])
def test_a_service_gets_healthy_locked_down_and_stops_when_told(prepared: ImageStack, service: str) -> None:
    container = prepared.start(service)
    prepared.healthy(container)
    facts = told_by(container, PROCESSES)
    assert facts["status"]["Uid"].split() == ["65532"] * 4
    assert int(facts["status"]["CapEff"], 16) == 0
    assert facts["status"]["NoNewPrivs"] == "1"
    assert set(facts["states"].values()) <= {"R", "S", "D", "I"}
    begun_s = time.monotonic()
    assert stopped(container) == 0, container.logs().decode()[-2000:]
    assert time.monotonic() - begun_s < STOP_S / 2
    # Its health was asked by the program in the image, which says what it saw.
    assert "200" in health(container)["Log"][-1]["Output"]


def test_beat_keeps_the_clock_and_stops_when_told(prepared: ImageStack) -> None:
    container = prepared.start("insights-worker", "beat")
    wait_until(lambda: b"beat: Starting" in container.logs(), within_s=60)
    # 143: it was told in the instant before it began to listen.
    assert stopped(container) in {0, 143}, container.logs().decode()


def test_a_worker_as_the_first_process_buries_its_dead(prepared: ImageStack) -> None:
    container = prepared.start("enrichment-worker")
    prepared.healthy(container)
    children = told_by(container, KILL_A_CHILD)

    def replaced() -> bool:
        states = told_by(container, PROCESSES)["states"]
        return "Z" not in states.values() and children[0] not in states and len(states) > len(children)

    wait_until(replaced, within_s=60)
    assert stopped(container) == 0


def test_a_gateway_without_its_database_is_not_healthy(prepared: ImageStack) -> None:
    container = prepared.start("gateway", GATEWAY_DATABASE_URL="postgresql://daybook:x@127.0.0.1:9/daybook")

    def says_why() -> bool:
        container.reload()
        assert container.status == "running"
        return any(" 503 " in told["Output"] for told in health(container)["Log"])

    wait_until(says_why, within_s=60)
    assert health(container)["Status"] != "healthy"
    assert stopped(container) == 0


def test_an_entry_goes_through_all_three(prepared: ImageStack, servers_dir: Path) -> None:
    services = [prepared.start(service) for service in ("gateway", *WORKERS)]
    for container in services:
        prepared.healthy(container)
    key = (servers_dir / "secrets/admin_key").read_text()
    with JournalClient(f"http://{address(services[0])}:8080", key, "images") as journal:
        journal.make()
        entry = journal.post("Rain on the lake, and a heron that did not mind.")
        done = journal.done(entry["id"])
        assert done["enrichments"]["mood"]["state"] == "done"
        assert entry["id"] in journal.ids_found("heron on the lake")
        path = f"/entries/{entry['id']}/reflection"
        assert journal.request("POST", path).status_code == 202
        wait_until(lambda: journal.request("GET", path).json()["state"] == "done", within_s=60)
    for container in reversed(services):
        assert stopped(container) == 0, container.logs().decode()[-2000:]
        assert b"Traceback" not in container.logs()


def test_a_command_that_waits_ends_when_told(prepared: ImageStack) -> None:
    """As the first process it gets no signal that it did not ask for."""
    with socket.create_server((prepared.host, 0)) as silent:
        url = f"postgresql://daybook:x@{prepared.host}:{silent.getsockname()[1]}/daybook"
        container = prepared.start("gateway", "migrate", GATEWAY_DATABASE_URL=url)
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            begun_s = time.monotonic()
            assert stopped(container) == 143, container.logs().decode()
            assert time.monotonic() - begun_s < STOP_S / 2
