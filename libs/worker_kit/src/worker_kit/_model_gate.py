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
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._open = True

    def start(self, parent: Any) -> None:
        # After a reconnect Celery consumes every queue again.
        self._open = WORKER_STATE.gate_is_open = True
        for state in ("open", "closed"):
            MODEL_AVAILABLE.labels(state)  # known before it turns: from nought to one is a turn that can be seen
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(parent, self._stop), name="model-gate", daemon=True)
        self._thread.start()

    def stop(self, parent: Any) -> None:  # noqa: ARG002 - the bootstep's signature
        self._stop.set()

    def _watch(self, consumer: Any, stop: threading.Event) -> None:
        while not stop.is_set():
            available = self._probe()
            if available != self._open:
                self._open = WORKER_STATE.gate_is_open = available
                state = "open" if available else "closed"
                MODEL_AVAILABLE.labels(state).inc()
                log.warning("model_gate.turned", state=state, queues=self.settings.queues)
                turn = consumer.add_task_queue if available else consumer.cancel_task_queue
                for queue in self.settings.queues:
                    # In the consumer's own thread: its channel is nobody else's.
                    consumer.call_soon(turn, queue)
            stop.wait(self.settings.every_s)

    def _probe(self) -> bool:
        async def ask() -> None:
            await self.settings.probe()

        try:
            run_async(ask(), deadline_s=_PROBE_DEADLINE_S)
        except (OllamaError, DeadlineExceeded):
            return False
        return True
