"""The model gate on Celery's own consumer, over a broker in this process."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from celery.worker.consumer import Tasks
from kombu import Queue

from ollama_client import Unreachable
from support.eventually import wait_until
from support.log_lines import log_lines
from worker_kit import ModelGateConfig, install_model_gate
from worker_kit._metrics import WORKER_STATE


class ModelServer:
    """What the gate probes: `fault` is raised, if there is one."""

    def __init__(self) -> None:
        self.fault: Exception | None = None

    async def probe(self) -> None:
        if self.fault is not None:
            raise self.fault

    def go_away(self) -> None:
        self.fault = Unreachable("http://127.0.0.1:11434", "refused")


class Worker:
    """The steps of a worker's consumer that say which queues it reads, started and stopped as Celery does."""

    def __init__(self, model: ModelServer) -> None:
        self._app = Celery("gated", broker="memory://", set_as_current=False)
        self._app.conf.task_queues = [Queue("embed"), Queue("erase")]
        gate = ModelGateConfig(queues=("embed",), probe=model.probe, every_s=0.02)
        install_model_gate(self._app, gate)
        self.consumer: Any = self._app.WorkController(pool="solo").consumer
        names = {Tasks.name, *(step.name for step in self._app.steps["consumer"])}
        self._steps = [step for step in self.consumer.blueprint.order if step.name in names]
        assert len(self._steps) == 2

    def start(self) -> None:
        self.consumer.connection = self._app.connection()
        for step in self._steps:
            step.start(self.consumer)
        self.consumer.task_consumer.consume()  # as the loop does that comes next

    def stop(self) -> None:
        for step in reversed(self._steps):
            step.stop(self.consumer)
        self.consumer.connection.close()

    def reads(self, queue: str) -> bool:
        self.consumer.perform_pending_operations()
        return self.consumer.task_consumer.consuming_from(queue)


@pytest.fixture
def model() -> ModelServer:
    return ModelServer()


@pytest.fixture
def worker(model: ModelServer) -> Iterator[Worker]:
    made = Worker(model)
    made.start()
    yield made
    made.stop()
    WORKER_STATE.gate_is_open = True


def test_queues_that_need_the_model_are_left_while_it_is_away_and_read_again(
    worker: Worker, model: ModelServer
) -> None:
    assert worker.reads("embed")
    model.go_away()
    wait_until(lambda: not worker.reads("embed"))
    assert worker.reads("erase")
    assert not WORKER_STATE.gate_is_open
    model.fault = None
    wait_until(lambda: worker.reads("embed"))
    assert WORKER_STATE.gate_is_open


def test_a_model_that_is_back_when_the_consumer_begins_again_gets_its_tasks(worker: Worker, model: ModelServer) -> None:
    """Celery remembers what was cancelled: after a reconnect it does not read those queues by itself."""
    model.go_away()
    wait_until(lambda: not worker.reads("embed"))
    worker.stop()
    model.fault = None
    worker.start()
    wait_until(lambda: worker.reads("embed"))
    assert WORKER_STATE.gate_is_open


def test_a_model_that_is_away_when_the_consumer_begins_again_gets_none(worker: Worker, model: ModelServer) -> None:
    worker.stop()
    model.go_away()
    worker.start()
    wait_until(lambda: not worker.reads("embed"))


def test_a_probe_that_fails_unforeseen_is_told_and_is_not_the_last(worker: Worker, model: ModelServer) -> None:
    with log_lines() as lines:
        model.fault = RuntimeError("elderflower")
        wait_until(lambda: len(lines.of("model_gate.failed")) > 1)
    assert worker.reads("embed")
    assert "elderflower" not in lines.text
    model.go_away()
    wait_until(lambda: not worker.reads("embed"))
