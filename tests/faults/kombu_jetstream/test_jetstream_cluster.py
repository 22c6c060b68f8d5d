"""Three nats-servers under load, some of which are taken away: what was accepted runs.

All but the first test are long: `make test-cluster`.
"""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import kombu
import pytest
from celery import Celery

from kombu_jetstream.errors import PublishNotConfirmed
from support.kombu_jetstream.crew import RECORD, Crew
from support.kombu_jetstream.publishers import Publishers
from support.kombu_jetstream.runs import Runs
from support.kombu_jetstream.worker import until
from support.nats_cluster import NatsCluster

TASKS, TRANSIENT = "FAULTS_TASKS", "FAULTS_TRANSIENT"
#: An election takes 4 to 9 s, and this machine may be busy.
SETTLE_S = 120.0
OPTIONS = {"replicas": 3, "ack_wait_s": 5, "ping_interval_s": 1, "connect_timeout_s": 2}

log = logging.getLogger("cluster")

AllRan = Callable[[Publishers], None]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[NatsCluster]:
    with NatsCluster(tmp_path / "cluster") as started:
        yield started


@pytest.fixture
def crew(tmp_path: Path, runs: Runs, cluster: NatsCluster) -> Iterator[Crew]:
    with Crew(tmp_path, runs, cluster.url("faults"), OPTIONS) as gathered:
        gathered.hire("one", "two")
        yield gathered


@pytest.fixture
def client(crew: Crew) -> Celery:
    return crew.client()


@pytest.fixture
def load(client: Celery) -> Iterator[Publishers]:
    """Under way, with some tasks already accepted."""
    with Publishers(client, RECORD) as publishers:
        publishers.wait_for(30)
        yield publishers


@pytest.fixture
def all_ran(runs: Runs) -> AllRan:
    """Ends the load and looks at what became of it; the figures go into the log."""

    def check(load: Publishers) -> None:
        accepted = load.stop()
        counts = runs.wait_names(accepted, SETTLE_S)
        repeated = sum(count - 1 for count in counts.values())
        log.info(
            "%d accepted, %d repeated, longest publish %.1f s, longest without a task begun %.1f s",
            *(len(accepted), repeated, load.longest_s, runs.longest_pause_s()),
        )
        assert not load.refused

    return check


def test_the_task_streams_leader_is_killed_under_load(cluster: NatsCluster, load: Publishers, all_ran: AllRan) -> None:
    leader = cluster.stream_leader(TASKS)
    cluster.kill(leader)
    load.wait_for(50)
    assert cluster.stream_leader(TASKS) != leader
    all_ran(load)


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_the_leader_of_every_kind_is_killed_again_and_again(
    cluster: NatsCluster, load: Publishers, all_ran: AllRan, client: Celery, rounds: int
) -> None:
    leaders = {
        "tasks": lambda: cluster.stream_leader(TASKS),
        "transient": lambda: cluster.stream_leader(TRANSIENT),
        "consumer": lambda: cluster.consumer_leader(TASKS, "tasks"),
        "meta": cluster.meta_leader,
    }
    for _ in range(rounds):
        for leader in leaders.values():
            name = leader()
            cluster.kill(name)
            load.wait_for(20)
            cluster.start(name)
            until(lambda: cluster.replicas_current(TASKS), SETTLE_S)
    both = {"one@test", "two@test"}
    until(lambda: {name for answer in client.control.ping(timeout=3, limit=2) for name in answer} == both, SETTLE_S)
    all_ran(load)


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_all_servers_are_restarted_one_after_another(
    cluster: NatsCluster, load: Publishers, all_ran: AllRan, rounds: int
) -> None:
    for _ in range(rounds):
        for name in cluster.nodes:
            cluster.stop(name)
            load.wait_for(10)
            cluster.start(name)
            cluster.ready()
            until(lambda: cluster.replicas_current(TASKS), SETTLE_S)
    all_ran(load)


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_the_leader_steps_down(cluster: NatsCluster, load: Publishers, all_ran: AllRan, rounds: int) -> None:
    for _ in range(3 * rounds):
        leader = cluster.stream_leader(TASKS)
        cluster.step_down(TASKS)
        until(lambda before=leader: cluster.stream_leader(TASKS) != before, SETTLE_S)
        load.wait_for(20)
    all_ran(load)
    assert load.longest_s < 4


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_the_leader_is_frozen_and_comes_back(
    cluster: NatsCluster, load: Publishers, all_ran: AllRan, rounds: int
) -> None:
    for _ in range(rounds):
        leader = cluster.stream_leader(TASKS)
        cluster.freeze(leader)
        load.wait_for(50)
        assert cluster.stream_leader(TASKS) != leader
        cluster.thaw(leader)
        until(lambda: cluster.replicas_current(TASKS), SETTLE_S)
        load.wait_for(20)
    all_ran(load)


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_all_servers_are_killed_at_once_and_started_again(
    cluster: NatsCluster, load: Publishers, all_ran: AllRan, rounds: int
) -> None:
    for _ in range(rounds):
        for name in cluster.nodes:
            cluster.kill(name)
        for name in cluster.nodes:
            cluster.start(name)
        cluster.ready()
        load.wait_for(20)
        until(lambda: cluster.replicas_current(TASKS), SETTLE_S)
    all_ran(load)


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_without_a_majority_publishing_waits_then_says_so_and_goes_on_when_a_server_is_back(
    cluster: NatsCluster, crew: Crew, runs: Runs
) -> None:
    client = crew.client(publish_timeout_s=6)
    client.send_task(RECORD, args=("before",))
    runs.wait_begun("before")
    first, second, _ = sorted(cluster.nodes, key=lambda name: name != cluster.stream_leader(TASKS))
    cluster.kill(first)
    cluster.kill(second)
    began_s = time.monotonic()
    with pytest.raises(
        PublishNotConfirmed, match=r"faults\.tasks\.tasks\.0 within 6 s; .* more than half of the servers"
    ):
        client.send_task(RECORD, args=("during",))
    assert 5.5 < time.monotonic() - began_s < 12
    with Publishers(crew.client(publish_timeout_s=60), RECORD) as load:
        until(lambda: load.under_way, SETTLE_S)
        cluster.start(second)
        load.wait_for(20)
        accepted = load.stop()
        assert not load.refused
    runs.wait_names(accepted, SETTLE_S)


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_a_client_that_knows_one_server_learns_of_the_others(cluster: NatsCluster, crew: Crew, runs: Runs) -> None:
    name = cluster.meta_leader()
    client = crew.client(url=cluster.url("faults", [name]))
    client.send_task(RECORD, args=("before",))
    cluster.kill(name)
    client.send_task(RECORD, args=("after",))
    runs.wait_names({"before", "after"}, SETTLE_S)


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_a_worker_starts_although_a_server_is_frozen(cluster: NatsCluster, crew: Crew, runs: Runs) -> None:
    client = crew.client()
    client.send_task(RECORD, args=("before",))
    runs.wait_begun("before")
    frozen = next(name for name in cluster.nodes if name not in {cluster.stream_leader(TASKS), cluster.meta_leader()})
    cluster.freeze(frozen)
    crew.hire("three", "four", queue="late")
    client.send_task(RECORD, args=("late",), queue="late")
    runs.wait_begun("late", deadline_s=SETTLE_S)
    cluster.thaw(frozen)


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_countdowns_outlive_the_leader_that_took_them(cluster: NatsCluster, crew: Crew, runs: Runs) -> None:
    client = crew.client()
    due_s = time.time() + 15
    names = {f"later {number}" for number in range(20)}
    for name in names:
        client.send_task(RECORD, args=(name,), countdown=due_s - time.time())
    cluster.kill(cluster.stream_leader(TASKS))
    counts = runs.wait_names(names, SETTLE_S)
    assert {counts[name] for name in names} == {1}
    assert min(runs.of(name)[0].began_s for name in names) >= due_s - 0.1


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_queues_with_priorities_outlive_a_leader(cluster: NatsCluster, crew: Crew, runs: Runs, all_ran: AllRan) -> None:
    crew.hire("urgent", queue="urgent", task_queue_max_priority=9)
    client = crew.client()
    client.conf.task_queue_max_priority = 9
    client.conf.task_default_queue = "urgent"
    with Publishers(client, RECORD) as load:
        load.wait_for(30)
        cluster.kill(cluster.stream_leader(TASKS))
        load.wait_for(50)
        all_ran(load)


def test_streams_and_their_queues_are_held_by_as_many_servers_as_wanted_where_it_is_wanted(
    cluster: NatsCluster,
) -> None:
    options = {"replicas": 3}
    with kombu.Connection(cluster.url("three"), transport_options=options) as connection:
        for queue in (kombu.Queue("durable"), kombu.Queue("passing", auto_delete=True)):
            queue(connection.default_channel).declare()
        for stream, consumer in (("THREE_TASKS", "durable"), ("THREE_TRANSIENT", "passing")):
            assert len(cluster.ask(f"$JS.API.STREAM.INFO.{stream}")["cluster"]["replicas"]) == 2
            assert len(cluster.ask(f"$JS.API.CONSUMER.INFO.{stream}.{consumer}")["cluster"]["replicas"]) == 2
    placed = {"placement": {"cluster": "loopback", "tags": ["zone:n2"]}}
    with kombu.Connection(cluster.url("placed"), transport_options=placed) as connection:
        connection.connect()
        assert {cluster.stream_leader(stream) for stream in ("PLACED_TASKS", "PLACED_TRANSIENT")} == {"n2"}


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_a_stream_that_exists_stays_as_it_is_until_its_operator_gives_it_more_replicas(cluster: NatsCluster) -> None:
    with kombu.Connection(cluster.url("grown")) as connection:
        kombu.Queue("q")(connection.default_channel).declare()
    with kombu.Connection(cluster.url("grown"), transport_options={"replicas": 3}) as connection:
        queue = kombu.Queue("q")(connection.default_channel)
        queue.declare()
        connection.Producer().publish("kept", routing_key="q")
        config = cluster.ask("$JS.API.STREAM.INFO.GROWN_TASKS")["config"]
        assert config["num_replicas"] == 1
        cluster.ask("$JS.API.STREAM.UPDATE.GROWN_TASKS", {**config, "num_replicas": 3})
        # A consumer needs some 20 s longer than its stream; without them the loss of its first server stops it.
        until(lambda: cluster.consumer_current("GROWN_TASKS", "q", 2), SETTLE_S)
        until(lambda: cluster.replicas_current("GROWN_TASKS"), SETTLE_S)
        cluster.kill(cluster.stream_leader("GROWN_TASKS"))
        assert queue.get().payload == "kept"
