"""Delayed delivery by JetStream's message schedules: the server holds a task until its time, no worker does."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

SCHEDULE = "Nats-Schedule"
TARGET = "Nats-Schedule-Target"
SCHEDULE_TTL = "Nats-Schedule-TTL"
TTL = "Nats-TTL"


def due_at(headers: Mapping[str, Any] | None, now: datetime, min_delay_s: float) -> datetime | None:
    """When a Celery message is due, or None if that is within `min_delay_s` or it has no ETA.

    The message keeps its `eta`: should the server's clock be ahead, the worker waits for the rest.
    """
    eta = (headers or {}).get("eta")
    if not eta:
        return None
    due = eta if isinstance(eta, datetime) else datetime.fromisoformat(str(eta))
    # Celery's workers read a time without a zone as UTC, whatever their `timezone`.
    due = due if due.tzinfo else due.replace(tzinfo=UTC)
    return due if (due - now).total_seconds() > min_delay_s else None


def schedule_headers(due: datetime, target: str, ttl_s: int | None, now: datetime) -> dict[str, str]:
    """Headers that have the server publish the message to `target` at `due`.

    Source: https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-51.md
    """
    headers = {SCHEDULE: f"@at {due.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ')}", TARGET: target}
    if ttl_s is not None:
        headers[SCHEDULE_TTL] = f"{max(1, ttl_s - int((due - now).total_seconds()))}s"
    return headers


def ttl_seconds(expiration_ms: object, queue_ttl_ms: int | None) -> int | None:
    """The shorter of a message's `expiration` and its queue's `x-message-ttl`, in whole seconds rounded up."""
    limits = [int(float(str(limit))) for limit in (expiration_ms, queue_ttl_ms) if limit]
    return max(1, math.ceil(min(limits) / 1000)) if limits else None
