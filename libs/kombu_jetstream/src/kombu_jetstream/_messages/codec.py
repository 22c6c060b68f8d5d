"""Kombu's message on the wire, and a foreign stream's message as kombu's.

The body travels raw. What else kombu's envelope holds is JSON in one header: any NATS tool can read a message.
"""

import re
from collections.abc import Mapping
from typing import Any

from kombu.utils.json import dumps, loads
from nats.aio.msg import Msg

from kombu_jetstream._messages.receipt import Receipt

ENVELOPE = "Kombu-Envelope"

_STRUCTURED_JSON = re.compile(r"^[\w.-]+/(?:[\w.-]+\+)?json$")


def to_wire(message: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Body and NATS headers of a message that `prepare_message` made."""
    properties = {
        key: value for key, value in message["properties"].items() if key not in {"delivery_tag", "message_key"}
    }
    body: str | bytes = message["body"] or b""
    envelope = {
        "content-type": message.get("content-type"),
        "content-encoding": message.get("content-encoding"),
        "headers": message.get("headers") or {},
        "properties": properties,
        "text": isinstance(body, str),
    }
    return body.encode() if isinstance(body, str) else body, {ENVELOPE: dumps(envelope)}


def task_of(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """The id and the name of the Celery task that a message with these NATS headers holds, if it holds one."""
    envelope: dict[str, Any] = loads(headers.get(ENVELOPE, "{}"))
    held: dict[str, Any] = envelope.get("headers") or {}
    return (str(held.get("id")), str(held["task"])) if held.get("task") else None


def from_wire(message: Msg, receipt: Receipt, queue: str) -> dict[str, Any]:
    """The payload of a `kombu.transport.virtual.Message`.

    A message without our envelope is somebody else's: its body is handed on as it is, its NATS headers as `headers`.

    Raises:
        ValueError: the envelope is not ours after all.
    """
    raw = (message.headers or {}).get(ENVELOPE)
    payload = _foreign(message) if raw is None else _ours(message, loads(raw))
    properties = payload["properties"]
    properties["delivery_tag"] = receipt.tag
    properties["delivery_info"] = {
        "exchange": "",
        "routing_key": message.subject if raw is None else queue,
        **(properties.get("delivery_info") or {}),
        "subject": message.subject,
        "stream": receipt.stream,
        "consumer": receipt.consumer,
        "sequence": receipt.sequence,
        "deliveries": receipt.deliveries,
        "redelivered": receipt.deliveries > 1,
        "published_at_ns": receipt.published_at_ns,
    }
    return payload


def _ours(message: Msg, envelope: dict[str, Any]) -> dict[str, Any]:
    return {
        "body": message.data.decode() if envelope["text"] else message.data,
        "content-type": envelope["content-type"],
        "content-encoding": envelope["content-encoding"],
        "headers": envelope["headers"],
        "properties": envelope["properties"],
    }


def _foreign(message: Msg) -> dict[str, Any]:
    headers = dict(message.headers or {})
    declared = next((value for key, value in headers.items() if key.lower() == "content-type"), "application/json")
    kind = declared.partition(";")[0].strip()
    return {
        "body": message.data,
        # kombu knows one JSON type; `application/cloudevents+json` is JSON too. The header keeps what was declared.
        "content-type": "application/json" if _STRUCTURED_JSON.match(kind) else kind,
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": {"subject": message.subject, "message_id": headers.get("Nats-Msg-Id")},
    }
