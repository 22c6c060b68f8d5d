"""Workers that record their runs, and a client that sends them tasks."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from celery import Celery

from support.kombu_jetstream.runs import RUNS_URL, Runs
from support.kombu_jetstream.worker import Worker

RECORD = "support.kombu_jetstream.recording_tasks.record"
RECORD_AND_RETRY = "support.kombu_jetstream.recording_tasks.record_and_retry"


class Crew:
    """Whatever still runs at its end is killed."""

    def __init__(self, directory: Path, runs: Runs, url: str, options: dict[str, Any]) -> None:
        self.runs = runs
        self.options = options
        self._directory = directory
        self._url = url
        self._workers: list[Worker] = []
        self._clients: list[Celery] = []

    def launch(
        self,
        name: str,
        *,
        url: str | None = None,
        pool: str = "prefork",
        concurrency: int = 1,
        queue: str = "tasks",
        options: dict[str, Any] | None = None,
        **settings: object,
    ) -> Worker:
        """A worker that is starting; `ready` waits for it. `settings` are Celery's."""
        environment = {
            "BROKER_URL": url or self._url,
            "TRANSPORT_OPTIONS": json.dumps({**self.options, **(options or {})}),
            "CELERY_SETTINGS": json.dumps(settings),
            RUNS_URL: self.runs.url,
        }
        worker = Worker(
            self._directory,
            name,
            environment,
            concurrency=concurrency,
            app="support.kombu_jetstream.recording_tasks",
            arguments=("-P", pool, "-Q", queue),
        )
        self._workers.append(worker)
        return worker.launch()

    def hire(self, *names: str, **how: Any) -> Sequence[Worker]:
        """Workers that are ready; they start side by side."""
        return [worker.ready() for worker in [self.launch(name, **how) for name in names]]

    def client(self, url: str | None = None, **options: object) -> Celery:
        """What an application that sends tasks has."""
        app = Celery("client", broker=url or self._url, set_as_current=False)
        app.conf.broker_transport_options = {**self.options, **options}
        app.conf.task_default_queue = "tasks"
        app.conf.task_ignore_result = True
        self._clients.append(app)
        return app

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.kill_group()
        for client in self._clients:
            client.close()
