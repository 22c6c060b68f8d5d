"""Health, readiness, metrics."""

import asyncio

from devstack.ports import free_port
from gateway.context import Probe
from support.http_gateway import HttpGateway


async def _up() -> None:
    return


async def _down() -> None:
    raise ConnectionError


async def _hangs() -> None:
    await asyncio.Event().wait()


def test_all_up_is_ready(gateway: HttpGateway) -> None:
    with gateway.client() as client:
        answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "dependencies": {"postgres": {"status": "up", "required": True}},
    }


def test_without_what_can_wait_the_gateway_is_degraded_and_takes_entries(http_database: str) -> None:
    probes = [Probe("postgres", True, _up), Probe("nats", False, _down), Probe("ollama", False, _hangs)]
    with HttpGateway(http_database, probes=probes) as degraded, degraded.client("write") as client:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert {name: it["status"] for name, it in answer.json()["dependencies"].items()} == {
            "postgres": "up",
            "nats": "down",
            "ollama": "down",
        }
        client.put("/v1/journals/degraded")
        assert client.post("/v1/journals/degraded/entries", json={"body": "x"}).status_code == 201


def test_without_its_database_the_gateway_is_alive_and_says_when_to_come_back() -> None:
    with HttpGateway(f"postgresql://nobody@127.0.0.1:{free_port()}/none") as cut_off, cut_off.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["status"], ready.headers["retry-after"]) == (503, "unavailable", "5")
        key = {"Authorization": "Bearer dbk_00000000_" + "a" * 43}
        answer = client.post("/v1/journals/j/entries", json={"body": "x"}, headers=key)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:daybook:problem:store-unavailable")
        assert answer.headers["retry-after"] == "5"


def test_a_database_that_takes_no_writes_is_one_to_come_back_to(
    gateway: HttpGateway, http_database: str, entries: str
) -> None:
    """As a primary is that has become a standby. What is there can be read."""
    key = {"Authorization": f"Bearer {gateway.new_key('read', 'write')}"}
    with HttpGateway(f"{http_database}?default_transaction_read_only=on") as demoted, demoted.client() as client:
        assert client.get(entries, headers=key).status_code == 200
        answer = client.post(entries, json={"body": "x"}, headers=key)
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "unavailable"), "others may have the primary"
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:daybook:problem:store-unavailable")
    assert answer.headers["retry-after"] == "5"


def test_requests_are_measured_by_route_and_not_by_address(gateway: HttpGateway) -> None:
    with gateway.client("read") as client:
        client.get("/v1/journals/measured-journal/entries")
        client.get("/measured-nowhere")
        metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    count = 'daybook_gateway_request_duration_seconds_count{method="GET",route="%s",status="404"}'
    assert count % "/v1/journals/{journal}/entries" in metrics.text
    assert count % "none" in metrics.text
    assert "measured-" not in metrics.text
