"""A worker of one child on one kind of event loop, the model it asks, and what its tasks wrote."""

from pathlib import Path

from celery import Celery

import kombu_jetstream
from support.kombu_jetstream.administration import consumer_state
from support.kombu_jetstream.worker import Ledger, Worker
from support.scripted_ollama import ScriptedOllama

APP = "support.worker_kit.limited_tasks"
LOOPS = ("asyncio", "uvloop")


class LimitedSite:
    """The model answers from the start; `worker` waits to be launched. `close` kills what still runs."""

    def __init__(self, directory: Path, loop: str, url: str) -> None:
        self.loop = loop
        self.ollama = ScriptedOllama()
        self.ollama.__enter__()
        self.ledger = Ledger(directory / f"{loop}.jsonl")
        self._url = url
        environment = {
            "BROKER_URL": url,
            "LEDGER": str(self.ledger.path),
            "OLLAMA_URL": self.ollama.url,
            "LOOP": loop,
        }
        self.worker = Worker(directory, loop, environment, concurrency=1, app=APP)
        kombu_jetstream.register()
        self._client = Celery("client", broker=url, set_as_current=False)
        self._client.conf.update(task_default_queue="tasks", task_ignore_result=True)

    def ask(self, name: str, what: str = "embed", *, deadline_s: float = 600.0, soft_limit_s: float = 60.0) -> None:
        self._client.send_task(f"{APP}.ask", (name, what, deadline_s), soft_time_limit=soft_limit_s, time_limit=90)

    def refuse_to_end(self, name: str, *, soft_limit_s: float, hard_limit_s: float) -> None:
        self._client.send_task(f"{APP}.refuse_to_end", (name,), soft_time_limit=soft_limit_s, time_limit=hard_limit_s)

    def words(self, name: str) -> list[str]:
        """What was written for one task, in order."""
        return [line["word"] for line in self.ledger.all() if line["name"] == name]

    def unacked(self) -> int:
        return consumer_state(self._url, f"{self.loop.upper()}_TASKS", "tasks")[1]

    def close(self) -> None:
        self.worker.kill_group()
        # Celery's close() forgets its connections without closing them.
        self._client.pool.force_close_all()
        self._client.close()
        self.ollama.__exit__()
