"""The AsyncAPI document is a promise to other programs, like the schemas: a changed one is a reviewed change.

`UPDATE_SNAPSHOTS=1 pytest tests/contract` writes it anew.
"""

import json
import os
from pathlib import Path

import pytest

from contracts import subjects
from contracts.api import REPLIES
from contracts.events import EVENT_TYPES
from devstack.permissions import CLIENT, inbox_of
from gateway.messaging.asyncapi import asyncapi_document

SNAPSHOT = Path(__file__).parent / "documents" / "asyncapi.json"


def _document(nats_url: str = "nats://gateway:hush@nats:4222") -> bytes:
    return asyncapi_document(version="1", nats_url=nats_url)


def test_the_document_is_the_reviewed_one():
    text = _document().decode() + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        SNAPSHOT.write_text(text)
    assert SNAPSHOT.read_text() == text, "asyncapi changed: review it, then UPDATE_SNAPSHOTS=1"


def test_every_subject_and_event_is_in_the_document():
    document = json.loads(_document())
    addresses = {channel["address"] for channel in document["channels"].values()}
    api = {value for value in vars(subjects).values() if str(value).startswith(f"{subjects.ROOT}.api.")}
    events = {subjects.event_subject(event.model_fields["type"].default) for event in EVENT_TYPES}
    assert addresses == {*api, *events, None}


def test_every_request_says_what_answers_it():
    document = json.loads(_document())
    replies = {
        operation["reply"]["channel"]["$ref"].rpartition("/")[2]
        for operation in document["operations"].values()
        if "reply" in operation
    }
    assert replies == {f"reply.{request.__name__}" for request in REPLIES}
    for request, reply in REPLIES.items():
        messages = document["channels"][f"reply.{request.__name__}"]["messages"]
        assert set(messages) == {reply.__name__, "ProblemReply"}


def test_every_reference_leads_somewhere():
    document = json.loads(_document())

    def references(part):
        if isinstance(part, dict):
            yield from [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            for value in part.values():
                yield from references(value)
        elif isinstance(part, list):
            for value in part:
                yield from references(value)

    for reference in set(references(document)):
        target = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in target, reference
            target = target[step]


@pytest.mark.parametrize(
    ("nats_url", "host", "protocol"),
    [
        ("nats://gateway:hush@127.0.0.1:41234", "127.0.0.1:41234", "nats"),
        ("tls://gateway:hush@nats.example", "nats.example:4222", "tls"),
        ("nats://gateway:hush@[::1]:4223", "[::1]:4223", "nats"),
    ],
)
def test_the_server_is_the_gateways_and_its_login_is_told_to_nobody(nats_url: str, host: str, protocol: str):
    told = _document(nats_url)
    (server,) = json.loads(told)["servers"].values()
    assert (server["host"], server["protocol"]) == (host, protocol)
    assert b"hush" not in told


def test_a_client_is_told_of_the_login_and_the_key_that_it_needs():
    document = json.loads(_document())
    (scheme,) = document["components"]["securitySchemes"].values()
    assert scheme["type"] == "userPassword"
    assert f"{inbox_of(CLIENT)}.>" in scheme["description"]
    asked = {
        message["payload"]["$ref"].rpartition("/")[2]: message
        for message in document["components"]["messages"].values()
    }
    for request in REPLIES:
        assert asked[request.__name__]["headers"]["required"] == ["Authorization"]
