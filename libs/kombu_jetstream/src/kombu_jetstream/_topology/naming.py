"""Names of streams, consumers and subjects. Any kombu name becomes one NATS token, no two names the same."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self

#: Priorities 0-9 fall into four steps, urgent first: 9, 6-8, 3-5, 0-2.
PRIORITY_STEPS = (9, 6, 3, 0)

DEFAULT_PREFIX = "kombu"

_UNSAFE = re.compile(r"[^A-Za-z0-9_\-@]")
_WRITTEN = re.compile(r"=([0-9a-f]+)=")


def token(name: str) -> str:
    """One subject token or consumer name for `name`; a character that NATS reserves is written as `=<hex>=`."""
    return _UNSAFE.sub(lambda found: f"={found.group().encode().hex()}=", name) or "="


def name_of(written: str) -> str:
    """The name that `token` wrote as `written`."""
    return "" if written == "=" else _WRITTEN.sub(lambda found: bytes.fromhex(found[1]).decode(), written)


def priority_step(priority: object) -> int:
    """The step that a message's priority falls into; what is no number counts as 0."""
    number = priority if isinstance(priority, int) else 0
    return next(step for step in PRIORITY_STEPS if min(9, max(0, number)) >= step)


def lost_subject(task_subject: str, sequence: int) -> str:
    """Where it is noted how many runs of a message were lost; a token too long for any queue's consumer."""
    return f"{task_subject.rpartition('.')[0]}.lost.{sequence}"


@dataclass(frozen=True)
class Names:
    """Every name under one prefix."""

    prefix: str

    @classmethod
    def under(cls, prefix: str | None, virtual_host: str) -> Self:
        """The option `prefix`, else the URL's virtual host, else "kombu"."""
        return cls(prefix or token(virtual_host or DEFAULT_PREFIX))

    @property
    def task_stream(self) -> str:
        return f"{self.prefix.upper()}_TASKS"

    @property
    def transient_stream(self) -> str:
        return f"{self.prefix.upper()}_TRANSIENT"

    def task(self, queue: str, step: int | str) -> str:
        """Where a message of a durable queue rests; `step` is a priority step or `*`."""
        return f"{self.prefix}.tasks.{token(queue)}.{step}"

    def all_lost(self) -> str:
        """A filter for the notes of lost runs: `lost_subject`."""
        return f"{self.prefix}.tasks.*.lost.*"

    def later(self, queue: str, task_id: str, attempt: str, due: datetime) -> str:
        """Where a message waits for its time; one subject each, as the server keeps one schedule a subject.

        The subject tells what is due when: it is found, and taken away, by queue or task id without reading messages.
        """
        return f"{self.prefix}.later.{token(queue)}.{token(task_id)}.{token(attempt)}.{int(due.timestamp() * 1000)}"

    def all_later(self, queue: str | None = None, task_id: str | None = None) -> str:
        """A filter for what waits for its time: of one queue, of one task, or all."""
        place = "*" if queue is None else token(queue)
        return f"{self.prefix}.later.{place}.{'*' if task_id is None else token(task_id)}.>"

    def inbox(self, queue: str, step: int | str) -> str:
        """Where a transient queue is addressed by name."""
        return f"{self.prefix}.inbox.{token(queue)}.{step}"

    def exchange(self, exchange: str, routing_key: str, step: int | str) -> str:
        """Where a message to a named exchange is published for transient queues; the server routes it."""
        return f"{self.exchange_head(exchange, step)}.{'.'.join(token(word) for word in routing_key.split('.'))}"

    def exchange_head(self, exchange: str, step: int | str) -> str:
        """What the subjects of all messages to an exchange begin with.

        The step stands before the words of the key, whose number a pattern may leave open.
        """
        return f"{self.prefix}.exchange.{token(exchange)}.{step}"
