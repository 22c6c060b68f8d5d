"""The whole path on real servers: gateway, NATS, PostgreSQL, Qdrant, enrichment workers, and a scripted Ollama."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

import httpx
import nats

from contracts.topology import ENRICHMENT_DURABLE, EVENT_STREAM
from devstack.nats import NatsUser
from devstack.ports import free_port
from devstack.process import ServerProcess
from support.backends.nats import NatsServer
from support.backends.postgres import PostgresServer
from support.backends.qdrant import QdrantServer
from support.scripted_ollama import EMBEDDING_MODEL, MODEL

JOURNAL = "diary"
#: Words are indexed under it.
LEXICON_KEY = "a key for the tests of enrichment"
#: The broker's URL needs a login.
USER = NatsUser("tests", "s3cret", publish=(">",), subscribe=(">",))
START_S = 90.0
DEADLINE_S = 90.0


def until(condition: Callable[[], Any], *, within_s: float = DEADLINE_S, why: Callable[[], str] = str) -> Any:
    """The first true value of `condition`."""
    end_s = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < end_s, f"not within {within_s} s: {why()}"
        time.sleep(0.05)
    return value


class Gateway:
    """`python -m gateway serve` on a port of its own."""

    def __init__(self, directory: Path, name: str, environment: dict[str, str], port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = ServerProcess(
            name,
            [sys.executable, "-m", "gateway", "serve"],
            log=directory / f"{name}.log",
            env={**environment, "GATEWAY_HTTP_PORT": str(self.port)},
            stop_s=60,
        )

    def ready(self) -> Self:
        self.process.wait_until(lambda: _answers(f"{self.url}/readyz"), within_s=START_S)
        return self


class Worker:
    """A worker's process; a name for its log. `module` is what runs, `prefix` that of its settings."""

    def __init__(
        self, directory: Path, name: str, module: str, prefix: str, environment: dict[str, str], command: str = "work"
    ) -> None:
        self.port = free_port()
        self.process = ServerProcess(
            name,
            [sys.executable, "-m", module, command],
            log=directory / f"{name}.log",
            env={**environment, f"{prefix}{'BEAT_' if command == 'beat' else ''}METRICS_PORT": str(self.port)},
            stop_s=60,
        )

    def start(self) -> Self:
        self.process.start()
        return self.ready()

    def ready(self) -> Self:
        self.process.wait_until(lambda: self.probe("/readyz") == 200, within_s=START_S)
        return self

    def stop(self) -> None:
        self.process.stop()

    def probe(self, path: str) -> int:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status
        except (URLError, OSError) as error:
            return getattr(error, "code", 0)

    def metrics(self) -> dict[str, float]:
        """Samples by their name with labels."""
        text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", trust_env=False).text
        pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def log(self) -> str:
        return self.process.log.read_text(errors="replace") if self.process.log.exists() else ""

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its log lines of one event."""
        lines = (json.loads(line) for line in self.log().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == name]


class Daybook:
    """Everything but workers runs; `worker()` adds one."""

    def __init__(
        self, directory: Path, nats_server: NatsServer, postgres: PostgresServer, qdrant: QdrantServer
    ) -> None:
        self._directory = directory
        self.nats_url = nats_server.url_of(USER.name)
        self.qdrant_url = qdrant.url
        self.database_url = postgres.create_database(f"enrichment_{os.getpid()}_{time.time_ns()}")
        self._stack = ExitStack()
        self._made = 0

    @contextmanager
    def serving(self, ollama_url: str, **settings: str) -> Iterator[Self]:
        """`settings` are further ones of the gateway."""
        environment = self.configure(ollama_url, **settings)
        self._command(environment, "migrate")
        self._command(environment, "topology")
        self._key(environment, "worker", "enrich")
        self._key(environment, "tests", "read,write,admin")
        with self.running():
            yield self

    def configure(self, ollama_url: str, **settings: str) -> dict[str, str]:
        """The environment of the gateway and its commands."""
        self.ollama_url = ollama_url
        self._environment = {
            "GATEWAY_HTTP_PORT": str(free_port()),
            "GATEWAY_DATABASE_URL": self.database_url,
            "GATEWAY_NATS_URL": self.nats_url,
            "GATEWAY_OLLAMA_URL": ollama_url,
            "GATEWAY_EMBEDDING_MODEL": EMBEDDING_MODEL,
            "GATEWAY_QDRANT_URL": self.qdrant_url,
            "GATEWAY_LEXICON_KEY": LEXICON_KEY,
            **settings,
        }
        return self._environment

    @contextmanager
    def running(self) -> Iterator[Self]:
        """The gateway as it was configured, over servers that are set up."""
        with self._gateway("gateway", int(self._environment["GATEWAY_HTTP_PORT"])) as self.http, self._stack:
            yield self

    @contextmanager
    def another_gateway(self) -> Iterator[httpx.Client]:
        """A client of a second gateway beside the first."""
        with self._gateway("gateway-2", free_port()) as client:
            yield client

    def gateway(self, *, ready: bool = True, **settings: str) -> Gateway:
        """One more, killed at the end if it still runs. `ready`: its `/readyz` says so on return."""
        self._made += 1
        made = Gateway(self._directory, f"gateway-{self._made}", {**self._environment, **settings})
        self._stack.callback(made.process.kill)
        made.process.start()
        return made.ready() if ready else made

    @property
    def headers(self) -> dict[str, str]:
        """Of a client that may do everything."""
        return {"Authorization": f"Bearer {self._key_file('tests').read_text().strip()}"}

    @contextmanager
    def _gateway(self, name: str, port: int) -> Iterator[httpx.Client]:
        gateway = Gateway(self._directory, name, self._environment, port)
        gateway.process.start()
        try:
            gateway.ready()
            with httpx.Client(base_url=gateway.url, headers=self.headers, trust_env=False, timeout=30) as client:
                yield client
        finally:
            gateway.process.stop()

    def gateway_log(self) -> str:
        return (self._directory / "gateway.log").read_text(errors="replace")

    def worker(self, *, ready: bool = True, **settings: str) -> Worker:
        """An enrichment worker, killed at the end if it still runs. `ready`: takes tasks on return."""
        own = {"ENRICHMENT_MOOD_METHOD": "llm", "ENRICHMENT_LEXICON_KEY": LEXICON_KEY}
        return self._worker("enrichment_worker", "ENRICHMENT_", own | settings, ready)

    def insights_worker(self, *, ready: bool = True, **settings: str) -> Worker:
        """An insights worker, as `worker`."""
        return self._worker("insights_worker", "INSIGHTS_", settings, ready)

    def insights_beat(self, *, ready: bool = True, **settings: str) -> Worker:
        """The clock of the insights workers, as `worker`. `ready`: it has ticked."""
        return self._worker("insights_worker", "INSIGHTS_", settings, ready, command="beat")

    def _worker(self, module: str, prefix: str, settings: dict[str, str], ready: bool, command: str = "work") -> Worker:
        self._made += 1
        common = {
            "NATS_URL": self.nats_url,
            "GATEWAY_KEY_FILE": str(self._key_file("worker")),
            "OLLAMA_URL": self.ollama_url,
            "EMBEDDING_MODEL": EMBEDDING_MODEL,
            "CHAT_MODEL": MODEL,
            "QDRANT_URL": self.qdrant_url,
            "CONCURRENCY": "2",
            "RETRY_BASE_S": "0.2",
            "MODEL_PROBE_S": "0.3",
        }
        environment = {f"{prefix}{name}": value for name, value in common.items()} | settings
        made = Worker(self._directory, f"{command}er-{self._made}", module, prefix, environment, command)
        self._stack.callback(made.process.kill)
        if ready:
            return made.start()
        made.process.start()
        return made

    @property
    def worker_key(self) -> str:
        return self._key_file("worker").read_text().strip()

    def new_journal(self) -> str:
        self._made += 1
        journal = f"{JOURNAL}-{self._made}"
        assert self.http.put(f"/v1/journals/{journal}").is_success
        return journal

    def post(self, journal: str, body: str) -> str:
        answer = self.http.post(f"/v1/journals/{journal}/entries", json={"body": body})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def entry(self, journal: str, entry_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/journals/{journal}/entries/{entry_id}")
        assert answer.is_success, answer.text
        return answer.json()

    def settled(self, journal: str, entry_id: str, *, within_s: float = DEADLINE_S) -> dict[str, Any]:
        """The entry's enrichments, once none is pending."""

        def all_settled() -> dict[str, Any] | None:
            entry = self.entry(journal, entry_id)
            found = entry["enrichments"]
            ready = len(found) == 2 and all(
                one["state"] != "pending" and one["revision"] == entry["revision"] for one in found.values()
            )
            return found if ready else None

        return until(all_settled, within_s=within_s, why=lambda: str(self.entry(journal, entry_id)["enrichments"]))

    def search(self, journal: str, query: str) -> list[dict[str, Any]]:
        answer = self.http.post(f"/v1/journals/{journal}/search", json={"query": query})
        assert answer.is_success, answer.text
        return answer.json()["hits"]

    def points(self, journal: str) -> int:
        """Points of a journal in the index itself."""
        wanted = {"filter": {"must": [{"key": "journal", "match": {"value": journal}}]}, "exact": True}
        answer = httpx.post(f"{self.qdrant_url}/collections/journal/points/count", json=wanted, trust_env=False)
        return answer.json()["result"]["count"] if answer.is_success else 0

    def events_left(self) -> int:
        """Events that the durable has not settled yet."""

        async def ask() -> int:
            connection = await nats.connect(self.nats_url)
            try:
                info = await connection.jetstream().consumer_info(EVENT_STREAM, ENRICHMENT_DURABLE)
                return (info.num_pending or 0) + (info.num_ack_pending or 0)
            finally:
                await connection.close()

        return asyncio.run(ask())

    def publish_event(self, subject: str, body: bytes) -> None:
        async def publish() -> None:
            connection = await nats.connect(self.nats_url)
            try:
                await connection.jetstream().publish(subject, body)
            finally:
                await connection.close()

        asyncio.run(publish())

    def _key(self, environment: dict[str, str], name: str, scopes: str) -> None:
        file = str(self._key_file(name))
        self._command(
            environment, "keys", "ensure", "--name", name, "--scopes", scopes, "--journals", "*", "--key-file", file
        )

    def _key_file(self, name: str) -> Path:
        return self._directory / f"{name}.key"

    def _command(self, environment: dict[str, str], *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def kill_group(worker: Worker) -> None:
    """Main process and pool at once, as a power cut would."""
    assert worker.process.pid is not None
    os.killpg(worker.process.pid, signal.SIGKILL)
    until(lambda: not worker.process.running)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False
