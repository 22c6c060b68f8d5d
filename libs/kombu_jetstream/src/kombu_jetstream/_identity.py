"""The message id that JetStream deduplicates by."""

from typing import Any

from kombu.utils.uuid import uuid

from kombu_jetstream._naming import token

#: Where `prepare_message` keeps the part that does not depend on the queue; it never travels.
KEY = "message_key"


def message_key(headers: dict[str, Any] | None) -> str:
    """`<task id>:<retries>` for a Celery task, something unique for anything else.

    Celery retries under the same task id: the id alone would have a retry dropped as a copy of its first attempt.
    """
    headers = headers or {}
    task_id = headers.get("id")
    return f"{task_id}:{headers.get('retries') or 0}" if task_id and "task" in headers else uuid()


def task_and_attempt(key: str) -> tuple[str, str]:
    """The two parts of a message key; what is no Celery task has one attempt."""
    task_id, _, attempt = key.rpartition(":")
    return (task_id, attempt) if task_id else (key, "0")


def message_id(key: str, queue: str) -> str:
    """One message copied to several queues is several messages to JetStream."""
    return f"{key}:{token(queue)}"
