"""While the model server is away, tasks that need it stay at the broker instead of burning attempts.

A thread of the worker's main process probes the server. When it goes away the worker stops consuming those queues; when
it is back it consumes them again.
"""

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from celery import Celery, bootsteps

from ollama_client import OllamaError
from telemetry import failure_of
from worker_kit._metrics import MODEL_AVAILABLE, WORKER_STATE
from worker_kit._run import run_async
from worker_kit.errors import DeadlineExceeded

log = structlog.get_logger()

#: A server that takes longer to say its version is in no state to take work.
_PROBE_DEADLINE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class ModelGateConfig:
    #: Queues whose tasks need the model.
    queues: tuple[str, ...]
    #: Returns if the model server answers; raises `OllamaError` if not.
    probe: Callable[[], Awaitable[object]]
    every_s: float = 5.0


def install_model_gate(app: Celery, config: ModelGateConfig) -> None:
    class ModelGate(_ModelGate):
        settings = config

    app.steps["consumer"].add(ModelGate)


class _ModelGate(bootsteps.StartStopStep):
    requires = ("celery.worker.consumer:Tasks",)
    settings: ModelGateConfig

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._watch: _Watch | None = None

    def start(self, parent: Any) -> None:
        for state in ("open", "closed"):
            MODEL_AVAILABLE.labels(state)  # known before it turns: from nought to one is a turn that can be seen
        self._watch = _Watch(parent, self.settings)
        self._watch.begin()

    def stop(self, parent: Any) -> None:  # noqa: ARG002 - the bootstep's signature
        if self._watch is not None:
            self._watch.end()


class _Watch:
    """From one start of the consumer to its end. `begin`, `end` and the queues are the consumer's own thread's."""

    def __init__(self, consumer: Any, settings: ModelGateConfig) -> None:
        self._consumer = consumer
        self._settings = settings
        # After a reconnect Celery consumes what it consumed before, without the queues that were cancelled. So nothing
        # is known, and the first probe sets the queues whatever it finds.
        self._is_open: bool | None = None
        self._over = threading.Event()

    def begin(self) -> None:
        threading.Thread(target=self._run, name="model-gate", daemon=True).start()

    def end(self) -> None:
        self._over.set()

    def _run(self) -> None:
        while not self._over.is_set():
            self._look()
            self._over.wait(self._settings.every_s)

    def _look(self) -> None:
        try:
            available = self._probe()
        except Exception as error:  # noqa: BLE001 - the thread's border: the gate must not stay as it is for ever
            log.error("model_gate.failed", **failure_of(error))
            return
        # A probe takes its time: by now there may be another watch, or no consumer.
        if available != self._is_open and not self._over.is_set():
            self._is_open = available
            self._tell(available)
            # In the consumer's own thread: its channel is nobody else's.
            self._consumer.call_soon(self._set_queues)

    def _tell(self, available: bool) -> None:
        if available != WORKER_STATE.gate_is_open:
            WORKER_STATE.gate_is_open = available
            state = "open" if available else "closed"
            MODEL_AVAILABLE.labels(state).inc()
            log.warning("model_gate.turned", state=state, queues=self._settings.queues)

    def _set_queues(self) -> None:
        """As the gate is now: calls may come late, or in another order."""
        if self._over.is_set():
            return
        turn = self._consumer.add_task_queue if self._is_open else self._consumer.cancel_task_queue
        for queue in self._settings.queues:
            turn(queue)

    def _probe(self) -> bool:
        async def ask() -> None:
            await self._settings.probe()

        try:
            run_async(ask(), deadline_s=_PROBE_DEADLINE_S)
        except (OllamaError, DeadlineExceeded):
            return False
        return True
