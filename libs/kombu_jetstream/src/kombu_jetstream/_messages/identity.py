"""The message id that JetStream deduplicates by."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from kombu.utils.uuid import uuid

from kombu_jetstream._topology.naming import token

#: Where `prepare_message` keeps the part that does not depend on the queue; it never travels.
KEY = "message_key"


def message_key(headers: Mapping[str, Any] | None, body: object = b"") -> str:
    """`<task id>:<retries>:<digest>` for a Celery task, something unique for anything else.

    Celery retries under the same task id, and a task that replaces itself hands its id to the next: the id alone would
    have both dropped as copies. The digest tells apart what is run, how deep it is replaced, and with what.
    """
    headers = headers or {}
    task_id, task = headers.get("id"), headers.get("task")
    if not task_id or task is None:
        return uuid()
    content = blake2b(body if isinstance(body, bytes) else str(body).encode(), digest_size=8)
    content.update(f"{task}:{headers.get('replaced_task_nesting') or 0}".encode())
    return f"{task_id}:{headers.get('retries') or 0}:{content.hexdigest()}"


def task_and_attempt(key: str) -> tuple[str, str]:
    """Task id and count of retries in a message key; what is no Celery task has one attempt."""
    match key.rsplit(":", 2):
        case [task_id, retries, _]:
            return task_id, retries
        case _:
            return key, "0"


def message_id(key: str, queue: str) -> str:
    """One message copied to several queues is several messages to JetStream."""
    return f"{key}:{token(queue)}"
