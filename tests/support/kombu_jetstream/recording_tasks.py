"""Tasks that write what they did into PostgreSQL: what ran is counted by rows, not by calls."""

import asyncio
import json
import os
import time
from typing import Any

import asyncpg

from support.kombu_jetstream.celery_app import app
from support.kombu_jetstream.runs import RUNS_URL

app.conf.update(json.loads(os.environ.get("CELERY_SETTINGS", "{}")))

BEGIN = """
INSERT INTO runs (name, worker, pid, retries, redelivered, began_s) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
"""
END = "UPDATE runs SET ended_s = $2 WHERE id = $1"


async def query(statement: str, *values: object) -> Any:
    connection = await asyncpg.connect(os.environ[RUNS_URL])
    try:
        return await connection.fetchval(statement, *values)
    finally:
        await connection.close()


@app.task(bind=True)
def record(self, name: str, seconds: float = 0.0) -> None:
    """A row when it begins; the row is marked when it ends."""
    end_s = time.monotonic() + seconds
    row = asyncio.run(query(BEGIN, *_values(self.request, name)))
    while time.monotonic() < end_s:
        time.sleep(0.02)
    asyncio.run(query(END, row, time.time()))


@app.task(bind=True, max_retries=3)
def record_and_retry(self, name: str, retries: int) -> None:
    asyncio.run(query(BEGIN, *_values(self.request, name)))
    if self.request.retries < retries:
        raise self.retry(countdown=0)


def _values(request: Any, name: str) -> tuple[object, ...]:
    redelivered = bool(request.delivery_info.get("redelivered"))
    return name, request.hostname, os.getpid(), request.retries, redelivered, time.time()
