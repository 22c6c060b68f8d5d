"""A prefix of its own on a server: its workers, what their tasks wrote, and an app that sends to them."""

import json
from pathlib import Path
from typing import Any

from celery import Celery
from celery.result import AsyncResult

from support.kombu_jetstream.administration import consumer_state, count_subjects
from support.kombu_jetstream.worker import Ledger, Worker

APP = "support.kombu_jetstream.feature_tasks"
SHORT_TASKS = ("note", "work", "pass_on", "refuse")


class Site:
    """`close` kills what still runs."""

    def __init__(self, directory: Path, url: str, *, options: dict[str, Any] | None = None, **settings: object) -> None:
        self.url = url
        self.directory = directory
        self.ledger = Ledger(directory / "ledger.jsonl")
        self.options = {"ack_wait_s": 30, **(options or {})}
        self.settings = settings
        self.client = self.app()
        self._workers: list[Worker] = []

    def app(self, **settings: object) -> Celery:
        """What an application that sends tasks has."""
        app = Celery("client", broker=self.url, set_as_current=False)
        app.conf.update(
            broker_transport_options=self.options,
            task_default_queue="tasks",
            task_ignore_result=True,
            **{**self.settings, **settings},
        )
        return app

    @property
    def environment(self) -> dict[str, str]:
        return {
            "BROKER_URL": self.url,
            "LEDGER": str(self.ledger.path),
            "TRANSPORT_OPTIONS": json.dumps(self.options),
            "SETTINGS": json.dumps(self.settings),
        }

    def worker(
        self, name: str = "one", *arguments: str, concurrency: int = 1, ready: bool = True, **settings: object
    ) -> Worker:
        """A worker with these settings on top; `ready=False` does not wait for it."""
        environment = {**self.environment, "SETTINGS": json.dumps({**self.settings, **settings})}
        made = Worker(self.directory, name, environment, concurrency=concurrency, app=APP, arguments=arguments)
        self._workers.append(made)
        return made.start() if ready else made.launch()

    def send(self, task: str, *args: object, **options: Any) -> AsyncResult:
        module = "celery_app" if task in SHORT_TASKS else "feature_tasks"
        return self.client.send_task(f"support.kombu_jetstream.{module}.{task}", args=args, **options)

    def unacked(self, queue: str = "tasks") -> int:
        """Messages of a queue that workers hold."""
        return consumer_state(self.url, f"{self._prefix.upper()}_TASKS", queue)[1]

    def waiting(self, queue: str = "tasks") -> int:
        """Messages of a queue that no worker holds yet."""
        return consumer_state(self.url, f"{self._prefix.upper()}_TASKS", queue)[0]

    def pending(self) -> int:
        """Schedules that the server holds."""
        return count_subjects(self.url, f"{self._prefix.upper()}_TASKS", f"{self._prefix}.later.>")

    @property
    def _prefix(self) -> str:
        return self.url.rpartition("/")[2]

    def close(self) -> None:
        for worker in self._workers:
            worker.kill_group()
        # Celery's close() forgets its connections without closing them.
        self.client.pool.force_close_all()
        self.client.close()
