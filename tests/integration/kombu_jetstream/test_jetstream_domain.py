"""A worker at a leaf node whose tasks rest in the hub's JetStream domain."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import Celery

import kombu_jetstream
from kombu_jetstream.errors import NotPermitted
from support.kombu_jetstream.administration import as_operator, create_task_streams
from support.kombu_jetstream.round_trip import round_trip
from support.kombu_jetstream.worker import Ledger, Worker, until
from support.nats_server import PASSWORD, USER, NatsServer

pytestmark = pytest.mark.embedded_only("nats", "its two servers find each other on 127.0.0.1")


@pytest.fixture(scope="module")
def hub_and_leaf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NatsServer, NatsServer]]:
    directory = tmp_path_factory.mktemp("domains")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    remote = f"nats-leaf://{USER}:{PASSWORD}@127.0.0.1:{port}"
    more_hub = f"server_name: hub\nleafnodes {{ listen: 127.0.0.1:{port} }}"
    more_leaf = f'server_name: leaf\nleafnodes {{ remotes: [{{ url: "{remote}" }}] }}'
    allowed = kombu_jetstream.worker_permissions("tight", inbox_prefix="_INBOX_tight", domain="hub", administer=True)
    lists = f"publish: {json.dumps(allowed.publish)}, subscribe: {json.dumps(allowed.subscribe)}"
    users = f"users = [{{user: {USER}, password: {PASSWORD}}}, {{user: tight, password: pw, permissions: {{{lists}}}}}]"
    with (
        NatsServer(directory / "hub", more=more_hub, storage="domain: hub") as hub,
        NatsServer(directory / "leaf", authorization=users, more=more_leaf, storage="domain: leaf") as leaf,
    ):
        yield hub, leaf


def stream_names(server: NatsServer) -> set[str]:
    async def work(jetstream) -> set[str]:
        return {info.config.name for info in await jetstream.streams_info()}

    return as_operator(server.url(), work)


def test_streams_are_made_in_the_domain_that_is_named(hub_and_leaf: tuple[NatsServer, NatsServer]) -> None:
    hub, leaf = hub_and_leaf
    until(lambda: reaches(leaf, "hub"))
    round_trip(leaf.url("near"))
    round_trip(leaf.url("far"), domain="hub")
    round_trip(leaf.url("again"), api_prefix="$JS.hub.API")
    assert {name for name in stream_names(leaf) if name.endswith("_TASKS")} == {"NEAR_TASKS"}
    assert {name for name in stream_names(hub) if name.endswith("_TASKS")} == {"FAR_TASKS", "AGAIN_TASKS"}


def test_a_worker_at_the_leaf_needs_the_api_of_the_domain_and_no_other(
    hub_and_leaf: tuple[NatsServer, NatsServer],
) -> None:
    hub, leaf = hub_and_leaf
    until(lambda: reaches(leaf, "hub"))
    create_task_streams(hub.url(), "tight")
    url, options = leaf.url("tight", "tight", "pw"), {"create_streams": False, "inbox_prefix": "_INBOX_tight"}
    round_trip(url, domain="hub", **options)
    with pytest.raises(NotPermitted, match=r"denied publish to \$JS\.API\."):
        round_trip(url, api_timeout_s=0.5, **options)


def test_a_worker_at_the_leaf_runs_what_the_hub_holds(
    hub_and_leaf: tuple[NatsServer, NatsServer], tmp_path: Path, ledger: Ledger, worker: Callable[..., Worker]
) -> None:
    hub, leaf = hub_and_leaf
    until(lambda: reaches(leaf, "hub"))
    options = {"ack_wait_s": 2}
    worker(BROKER_URL=leaf.url("edge"), TRANSPORT_OPTIONS=json.dumps({**options, "domain": "hub"}))
    with Celery("client", broker=hub.url("edge"), set_as_current=False) as client:
        client.conf.broker_transport_options = options
        for number in range(10):
            client.send_task("support.kombu_jetstream.celery_app.note", args=(str(number),), queue="tasks")
        client.send_task("support.kombu_jetstream.celery_app.note", args=("later",), countdown=1.5, queue="tasks")
        assert len(ledger.wait("ran", 11)) == 11
        assert client.control.ping(timeout=3, limit=1)

        async def left(jetstream) -> int:
            return (await jetstream.stream_info("EDGE_TASKS")).state.messages

        until(lambda: as_operator(hub.url(), left) == 0)


def reaches(server: NatsServer, domain: str) -> bool:
    """Whether the leaf connection stands."""

    async def work(jetstream) -> bool:
        try:
            return bool((await jetstream._nc.request(f"$JS.{domain}.API.INFO", timeout=1)).data)
        except Exception:  # noqa: BLE001 - not yet
            return False

    return as_operator(server.url(), work)
