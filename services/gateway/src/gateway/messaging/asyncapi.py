"""The AsyncAPI 3 document: what FastStream knows of the subjects, and the replies, which it does not know."""

import json
from typing import Any

from faststream.specification import AsyncAPI
from pydantic.json_schema import models_json_schema

from contracts.api import REPLIES, ProblemReply
from gateway.context import Context
from gateway.messaging.api import create_broker

_SCHEMAS = "#/components/schemas/"


def asyncapi_document(*, version: str) -> bytes:
    """JSON. It names no real server: clients know theirs."""
    broker = create_broker("nats://localhost:4222", _never_asked)
    specification = AsyncAPI(
        broker,
        title="Daybook",
        version=version,
        schema_version="3.0.0",
        description="Events carry ids, never text. Requests carry an API key in the `Authorization` header.",
    )
    document: dict[str, Any] = specification.to_specification().to_jsonable()
    _add_replies(document)
    return json.dumps(document, indent=2, sort_keys=True).encode()


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
    messages = document["components"]["messages"]
    for operation in document["operations"].values():
        channel, _, message = operation["messages"][0]["$ref"].removeprefix("#/channels/").partition("/messages/")
        if messages[f"{channel}:{message}"]["payload"].get("$ref") == _SCHEMAS + request:
            return operation
    raise AssertionError(f"no subject takes {request}")


def _never_asked() -> Context:
    raise AssertionError("a document handles no request")
