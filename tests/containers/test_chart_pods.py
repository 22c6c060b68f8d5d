"""The chart's pods on a container engine, in the order in which a cluster would have them.

Without Qdrant and Ollama, whose images may not be had: what asks them says that it is degraded.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backends.engine import Engine
from support.chart.pod_engine import PodEngine
from support.chart.pods import pods_of
from support.chart.rendering import Order, render

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]

STARTED = (
    "nats",
    "postgresql",
    "setup",
    "commands",
    "gateway",
    "enrichment-worker",
    "insights-worker",
    "insights-beat",
    "test",
)
STOP_S = 60


@pytest.fixture(scope="module")
def pods(servers_dir: Path) -> Iterator[PodEngine]:
    engine = Engine()
    if fault := engine.fault():
        pytest.skip(f"no Docker engine answers: {fault}")
    if os.geteuid() != 0:
        pytest.skip("a volume's group is set by root alone")
    # Another tag, as for compose.yaml: DAYBOOK_VERSION=dev.
    values = {"image": {"tag": os.environ.get("DAYBOOK_VERSION", "")}}
    chart = render({"minimal": Order(values)})["minimal"]
    for pod in pods_of(chart):
        image = pod.spec["containers"][0]["image"]
        if pod.component in STARTED and not engine.has(image):
            pytest.skip(f"{image} is not here: make base-images images")
    (secret,) = chart.of_kind("Secret")
    folder = servers_dir / "chart"
    folder.mkdir()
    folder.chmod(0o755)
    with PodEngine(chart, folder, secret["stringData"]) as found:
        yield found


def test_the_pods_come_up_in_a_clusters_order_and_stop_when_told(pods: PodEngine) -> None:
    gateway = pods.start("gateway")
    enrichment = pods.start("enrichment-worker")
    for server in (nats := pods.start("nats"), postgresql := pods.start("postgresql")):
        server.becomes_ready()
    # Before setup: alive, and not to be sent anything.
    gateway.becomes_alive()
    assert not gateway.probe("readinessProbe")

    setup = pods.pod("setup")
    for container in setup.containers:
        status, said = pods.start("setup", container=container).ends()
        assert status == 0, said
    gateway.becomes_ready()
    # Again, as an upgrade does.
    for container in setup.containers:
        assert pods.start("setup", container=container).ends()[0] == 0

    commands = pods.start("commands")
    status, said = commands.run("python", "-m", "gateway", "keys", "list")
    assert (status, len(said.splitlines())) == (0, 3), said

    insights, beat = pods.start("insights-worker"), pods.start("insights-beat")
    enrichment.becomes_ready()
    insights.becomes_ready()
    beat.becomes_ready()
    assert all(pod.probe("livenessProbe") for pod in (gateway, enrichment, insights, beat, nats))

    status, said = pods.start("test").ends()
    found = json.loads(said)
    assert found["status"] == "degraded"
    assert {name: each["status"] for name, each in found["dependencies"].items()} == {
        "database": "up",
        "nats": "up",
        "ollama": "down",
        "index": "down",
    }
    assert status == 1

    assert beat.is_running()
    for pod in (beat, insights, enrichment, gateway):
        assert pod.stop(within_s=STOP_S) == 0

    # As docs/operations.md begins to bring a backup back.
    anew = ("-c", "DROP DATABASE daybook", "-c", "CREATE DATABASE daybook")
    status, said = postgresql.run("psql", "-U", "daybook", "-d", "postgres", *anew)
    assert status == 0, said
    for command in ("migrate", "topology"):
        status, said = commands.run("python", "-m", "gateway", command)
        assert status == 0, said
    for pod in (commands, nats, postgresql):
        assert pod.stop(within_s=STOP_S) == 0
