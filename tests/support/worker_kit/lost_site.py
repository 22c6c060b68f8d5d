"""A broker, workers whose tasks may end them, and what those tasks wrote."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import kombu
from celery import Celery

import kombu_jetstream
from kombu_jetstream import Runs
from support.kombu_jetstream.administration import count_messages, count_subjects
from support.kombu_jetstream.worker import Ledger, Worker, until
from support.nats_server import NatsServer

APP = "support.worker_kit.lost_tasks"
PREFIX = "lost"


class LostSite:
    """`lost_max` is the setting. What still runs at the end is killed."""

    def __init__(self, directory: Path, *, lost_max: int) -> None:
        self._directory = directory
        self._lost_max = lost_max
        self._stack = ExitStack()
        self._made = 0
        self.ledger = Ledger(directory / "ledger.jsonl")
        kombu_jetstream.register()

    def __enter__(self) -> Self:
        self.url = self._stack.enter_context(NatsServer(self._directory / "nats")).url(PREFIX)
        self.client = Celery("client", broker=self.url, set_as_current=False)
        self._stack.callback(self.client.close)
        # Celery's close() forgets its connections without closing them.
        self._stack.callback(self.client.pool.force_close_all)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def worker(self, *, concurrency: int = 1) -> Worker:
        self._made += 1
        environment = {"BROKER_URL": self.url, "LEDGER": str(self.ledger.path), "LOST_MAX": str(self._lost_max)}
        made = Worker(self._directory, f"worker-{self._made}", environment, concurrency=concurrency, app=APP)
        self._stack.callback(made.kill_group)
        return made.start()

    def send(self, name: str, how: str = "", **options: object) -> None:
        self.client.send_task("lost.run", (name, how), queue="tasks", **options)

    def notes(self) -> int:
        """Messages of which something is noted."""
        return count_subjects(self.url, f"{PREFIX.upper()}_TASKS", f"{PREFIX}.tasks.*.lost.*")

    def notings(self) -> int:
        """How often something was noted, of any message."""
        return count_messages(self.url, f"{PREFIX.upper()}_TASKS", f"{PREFIX}.tasks.*.lost.*")

    def handed_back(self) -> Runs:
        """What is noted of the only message, once no worker holds it; then it waits for a worker again."""
        with kombu.Connection(self.url, transport_options={"ack_wait_s": 2}) as connection:
            queue = kombu.Queue("tasks")(connection.default_channel)
            message = until(queue.get)
            found: Runs = message.earlier_runs
            message.requeue()
            return found
