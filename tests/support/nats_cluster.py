"""Three nats-server processes on loopback that are one JetStream cluster, and the ways to break it."""

import asyncio
import contextlib
import json
import socket
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nats.errors
from nats.aio.client import Client

from support.kombu_jetstream.worker import until
from support.nats_server import PASSWORD, USER, NatsServer

SYSTEM_USER = "system"
ELECTION_S = 30.0
ASK_S = 2.0


class NatsCluster:
    """Nodes are known by name, `n1` to `n3`; each has a tag `zone:<name>`."""

    def __init__(self, directory: Path, *, size: int = 3) -> None:
        names = [f"n{number}" for number in range(1, size + 1)]
        routes = dict(zip(names, _free_ports(size), strict=True))
        self._monitors = dict(zip(names, _free_ports(size), strict=True))
        self.nodes = {
            name: NatsServer(directory / name, authorization="", embedded=True, more=self._config(name, routes))
            for name in names
        }
        self.alive: set[str] = set()

    def url(self, prefix: str = "", nodes: list[str] | None = None) -> str:
        """All servers (or `nodes` only) in one URL, as kombu writes it."""
        return ";".join(self.nodes[name].url(prefix) for name in nodes or self.nodes)

    def stream_leader(self, stream: str) -> str:
        """Waits for one."""
        return until(lambda: self._state(stream).get("leader"), ELECTION_S)

    def consumer_leader(self, stream: str, consumer: str) -> str:
        """Waits for one."""
        subject = f"$JS.API.CONSUMER.INFO.{stream}.{consumer}"
        return until(lambda: (self.ask(subject).get("cluster") or {}).get("leader"), ELECTION_S)

    def replicas_current(self, stream: str) -> bool:
        """Whether every replica has all that its leader has."""
        return _all_current(self._state(stream))

    def consumer_current(self, stream: str, consumer: str, replicas: int) -> bool:
        """Whether so many servers besides its leader have all that the leader has."""
        state = self.ask(f"$JS.API.CONSUMER.INFO.{stream}.{consumer}").get("cluster") or {}
        return len(state.get("replicas") or []) == replicas and _all_current(state)

    def meta_leader(self) -> str:
        """Waits for one."""
        return until(self._meta_leader, ELECTION_S)

    def step_down(self, stream: str) -> None:
        """The stream's leader gives its place to another node."""
        self.ask(f"$JS.API.STREAM.LEADER.STEPDOWN.{stream}")

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.alive.discard(name)
        self.nodes[name].kill()

    def freeze(self, name: str) -> None:
        self.alive.discard(name)
        self.nodes[name].freeze()

    def thaw(self, name: str) -> None:
        self.nodes[name].thaw()
        self.alive.add(name)

    def start(self, name: str) -> None:
        self.nodes[name].start()
        self.alive.add(name)

    def stop(self, name: str) -> None:
        """As an operator does for an upgrade: SIGTERM."""
        self.alive.discard(name)
        self.nodes[name].stop()

    def ask(self, subject: str, body: dict[str, Any] | None = None, *, user: str = USER) -> dict[str, Any]:
        """The answer of JetStream's API by way of some living node, {} if nobody answers."""

        async def run(name: str) -> dict[str, Any]:
            url = self.nodes[name].url(user=user).rpartition("/")[0]
            connection = Client()
            try:
                await connection.connect(url, allow_reconnect=False, error_cb=_ignore)
                answer = await connection.request(subject, json.dumps(body).encode() if body else b"", timeout=ASK_S)
            finally:
                # Also one that was refused: its socket would stay open.
                await connection.close()
            return json.loads(answer.data)

        for name in sorted(self.alive):
            with contextlib.suppress(nats.errors.Error, OSError):
                return asyncio.run(run(name))
        return {}

    def ready(self) -> Self:
        """Waits until JetStream takes requests: a meta leader, and all living nodes current."""
        until(lambda: len(self._meta().get("replicas") or []) == len(self.nodes) - 1, ELECTION_S)
        until(lambda: self.ask("$JS.API.INFO").get("streams") is not None, ELECTION_S)
        return self

    def __enter__(self) -> Self:
        for name in self.nodes:
            self.start(name)
        return self.ready()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self.nodes.values():
            server.kill()

    def _config(self, name: str, routes: dict[str, int]) -> str:
        addresses = ", ".join(f"nats://127.0.0.1:{port}" for port in routes.values())
        return (
            f'server_name: {name}\nserver_tags: ["zone:{name}"]\nhttp: 127.0.0.1:{self._monitors[name]}\n'
            f"cluster {{ name: loopback, listen: 127.0.0.1:{routes[name]}, routes: [{addresses}] }}\n"
            f"accounts {{ APP {{ jetstream: enabled, users: [{{user: {USER}, password: {PASSWORD}}}] }},\n"
            f"  $SYS {{ users: [{{user: {SYSTEM_USER}, password: {PASSWORD}}}] }} }}\n"
        )

    def _state(self, stream: str) -> dict[str, Any]:
        return self.ask(f"$JS.API.STREAM.INFO.{stream}").get("cluster") or {}

    def _meta_leader(self) -> str | None:
        leader = self._meta().get("leader")
        return leader if leader in self.alive else None

    def _meta(self) -> dict[str, Any]:
        """The meta group as its leader sees it; only the leader knows the replicas."""
        seen: dict[str, Any] = {}
        for name in sorted(self.alive):
            with contextlib.suppress(OSError):
                url = f"http://127.0.0.1:{self._monitors[name]}/jsz"
                with urllib.request.urlopen(url, timeout=ASK_S) as answer:
                    found = json.load(answer).get("meta_cluster") or {}
                if found.get("leader") == name:
                    return found
                seen = seen or found
        return seen


def _all_current(state: dict[str, Any]) -> bool:
    replicas = state.get("replicas") or []
    return bool(state.get("leader")) and all(each.get("current") and not each.get("offline") for each in replicas)


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


async def _ignore(_error: Exception) -> None:
    """A node that is away is one of those that the caller goes on from."""
