"""The AsyncAPI 3 document: what FastStream knows of the subjects, and what it does not: server, headers and replies."""

import json
from typing import Any
from urllib.parse import urlsplit

from faststream.specification import AsyncAPI
from pydantic.json_schema import models_json_schema

from contracts.api import AUTHORIZATION_HEADER, IDEMPOTENCY_KEY_HEADER, REPLIES, CreateEntry, ProblemReply
from gateway.context import Context
from gateway.messaging.api import create_broker

_SCHEMAS = "#/components/schemas/"
_NATS_PORT = 4222
_LOGIN = "natsLogin"


def asyncapi_document(*, version: str, nats_url: str) -> bytes:
    """JSON. `nats_url` is the gateway's own: its host and port are told, its login is not."""
    broker = create_broker("nats://localhost", _never_asked)
    specification = AsyncAPI(
        broker,
        title="Daybook",
        version=version,
        schema_version="3.0.0",
        description="Events carry ids, never text. Requests carry an API key in the `Authorization` header. "
        "Which login may use which subject, and a program to start from: docs/events.md.",
    )
    document: dict[str, Any] = specification.to_specification().to_jsonable()
    _name_server(document, nats_url)
    _add_headers(document)
    _add_replies(document)
    return json.dumps(document, indent=2, sort_keys=True).encode()


def _name_server(document: dict[str, Any], nats_url: str) -> None:
    address = urlsplit(nats_url)
    host = f"[{address.hostname}]" if ":" in (address.hostname or "") else address.hostname
    document["servers"] = {
        "nats": {
            "host": f"{host}:{address.port or _NATS_PORT}",
            "protocol": address.scheme,
            "description": "As the gateway reaches it.",
            "security": [{"$ref": f"#/components/securitySchemes/{_LOGIN}"}],
        }
    }
    for channel in document["channels"].values():
        channel["servers"] = [{"$ref": "#/servers/nats"}]
    document["components"]["securitySchemes"] = {
        _LOGIN: {
            "type": "userPassword",
            "description": "A login of NATS. Apps have `client`: it sends requests, and hears answers on "
            "`_INBOX_client.>` only, which is therefore the inbox prefix to connect with. It reads no events.",
        }
    }


def _add_headers(document: dict[str, Any]) -> None:
    for request in REPLIES:
        headers = {AUTHORIZATION_HEADER: {"type": "string", "pattern": "^Bearer ", "description": "An API key."}}
        if request is CreateEntry:
            headers[IDEMPOTENCY_KEY_HEADER] = {
                "type": "string",
                "description": "Sent again, it creates no second entry.",
            }
        message = _message_of(document, request.__name__)
        message["headers"] = {"type": "object", "required": [AUTHORIZATION_HEADER], "properties": headers}


def _add_replies(document: dict[str, Any]) -> None:
    """Each request is answered by its own model or by a `ProblemReply`, on the requester's inbox."""
    _, schemas = models_json_schema(
        [(reply, "serialization") for reply in (*REPLIES.values(), ProblemReply)], ref_template=_SCHEMAS + "{model}"
    )
    document["components"]["schemas"].update(schemas["$defs"])
    for request, reply in REPLIES.items():
        name = f"reply.{request.__name__}"
        document["channels"][name] = {
            # AsyncAPI's way of saying that the address comes with the request.
            "address": None,
            "messages": {
                model.__name__: {"payload": {"$ref": _SCHEMAS + model.__name__}} for model in (reply, ProblemReply)
            },
        }
        operation = _operation_of(document, request.__name__)
        operation["reply"] = {
            "address": {"location": "$message.header#/reply"},
            "channel": {"$ref": f"#/channels/{name}"},
        }


def _operation_of(document: dict[str, Any], request: str) -> dict[str, Any]:
    """The operation whose message has the request as its payload."""
    wanted = _message_of(document, request)
    for operation in document["operations"].values():
        channel, _, message = operation["messages"][0]["$ref"].removeprefix("#/channels/").partition("/messages/")
        if document["components"]["messages"][f"{channel}:{message}"] is wanted:
            return operation
    raise AssertionError(f"no subject takes {request}")


def _message_of(document: dict[str, Any], request: str) -> dict[str, Any]:
    for message in document["components"]["messages"].values():
        if message["payload"].get("$ref") == _SCHEMAS + request:
            return message
    raise AssertionError(f"no message holds {request}")


def _never_asked() -> Context:
    raise AssertionError("a document handles no request")
