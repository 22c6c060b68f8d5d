"""Tasks that ask a model through `run_async` under Celery's time limits, in an app with Daybook's own settings.

`LOOP=uvloop` chooses that loop as a user would: by the policy, which is all that Python 3.11's `asyncio.run()` asks.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop
from celery import Task
from celery.exceptions import SoftTimeLimitExceeded

from ollama_client import Message, OllamaClient, OllamaConfig
from support.kombu_jetstream.celery_app import write
from support.scripted_ollama import EMBEDDING_MODEL, MODEL
from worker_kit import DeadlineExceeded, QueueSpec, WorkerConfig, create_celery, run_async

if os.environ["LOOP"] == "uvloop":
    uvloop.install()

app = create_celery(
    WorkerConfig(
        name="limited",
        broker_url=os.environ["BROKER_URL"],
        queues=(QueueSpec("tasks", needs_model=True),),
        concurrency=1,
    )
)


@app.task
def ask(name: str, what: str, deadline_s: float) -> None:
    try:
        run_async(_ask(name, what), deadline_s=deadline_s)
    except SoftTimeLimitExceeded:
        write("limited", name=name)
    except DeadlineExceeded:
        write("late", name=name)
    else:
        write("answered", name=name)


@app.task(bind=True)
def refuse_to_end(self: Task, name: str) -> None:
    write("began", name=name)
    if not self.request.delivery_info["redelivered"]:
        run_async(_refuse_to_end(name), deadline_s=600)
    write("answered", name=name)


async def _ask(name: str, what: str) -> None:
    write("asked", name=name, loop=type(asyncio.get_running_loop()).__module__.partition(".")[0])
    async with _room(name), OllamaClient(OllamaConfig(base_url=os.environ["OLLAMA_URL"])) as ollama:
        try:
            if what == "embed":
                await ollama.embed(EMBEDDING_MODEL, [name])
            else:
                await ollama.chat(MODEL, [Message.user(name)])
        except asyncio.CancelledError:
            write("cancelled", name=name)
            raise
        finally:
            # Awaits, as cleaning up does: a loop that is being torn down would not let it.
            await asyncio.sleep(0.01)
            write("cleaned up", name=name)


@asynccontextmanager
async def _room(name: str) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await asyncio.sleep(0.01)
        write("left", name=name)


async def _refuse_to_end(name: str) -> None:
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            write("cancelled", name=name)
