"""The table that tasks write their runs into, as a test reads it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from support.kombu_jetstream.worker import DEADLINE_S, until

#: The environment variable that tells a worker where the table is.
RUNS_URL = "RUNS_URL"

TABLE = """
DROP TABLE IF EXISTS runs;
CREATE TABLE runs (
    id bigserial PRIMARY KEY, name text NOT NULL, worker text NOT NULL, pid integer NOT NULL, retries integer NOT NULL,
    redelivered boolean NOT NULL, began_s double precision NOT NULL, ended_s double precision
);
"""


@dataclass(frozen=True)
class Run:
    name: str
    worker: str
    pid: int
    retries: int
    #: Whether the server had delivered the message before.
    redelivered: bool
    #: Of time.time().
    began_s: float
    ended_s: float | None


class Runs:
    def __init__(self, url: str) -> None:
        self.url = url
        self._do(lambda connection: connection.execute(TABLE))

    def of(self, name: str) -> list[Run]:
        """In the order in which they began."""
        statement = (
            "SELECT name, worker, pid, retries, redelivered, began_s, ended_s FROM runs WHERE name = $1 ORDER BY id"
        )
        return [Run(*row) for row in self._do(lambda connection: connection.fetch(statement, name))]

    def counts(self) -> Counter[str]:
        """How often each name began."""
        statement = "SELECT name, count(*) FROM runs GROUP BY name"
        return Counter(dict(self._do(lambda connection: connection.fetch(statement))))

    def longest_pause_s(self) -> float:
        """The longest time in which nothing began, between the first run and the last."""
        pauses = "SELECT began_s - lag(began_s) OVER (ORDER BY began_s) AS pause FROM runs"
        statement = f"SELECT max(pause) FROM ({pauses}) AS pauses"
        return self._do(lambda connection: connection.fetchval(statement)) or 0.0

    def wait_begun(self, name: str, count: int = 1, deadline_s: float = DEADLINE_S) -> list[Run]:
        return until(lambda: len(found := self.of(name)) >= count and found, deadline_s)

    def wait_ended(self, name: str, count: int = 1, deadline_s: float = DEADLINE_S) -> list[Run]:
        """All runs of `name`, once `count` of them have ended."""
        return until(
            lambda: sum(run.ended_s is not None for run in self.of(name)) >= count and self.of(name), deadline_s
        )

    def wait_names(self, names: set[str], deadline_s: float = DEADLINE_S) -> Counter[str]:
        """The counts, once each of `names` began at least once."""
        return until(lambda: not names - set(found := self.counts()) and found, deadline_s)

    def _do(self, work: Callable[[asyncpg.Connection], Any]) -> Any:
        async def run() -> Any:
            connection = await asyncpg.connect(self.url)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(run())
