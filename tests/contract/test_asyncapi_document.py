"""The AsyncAPI document is a promise to other programs, like the schemas: a changed one is a reviewed change.

`UPDATE_SNAPSHOTS=1 pytest tests/contract` writes it anew.
"""

import json
import os
from pathlib import Path

from contracts import subjects
from contracts.api import REPLIES
from contracts.events import EVENT_TYPES
from gateway.messaging.asyncapi import asyncapi_document

SNAPSHOT = Path(__file__).parent / "documents" / "asyncapi.json"


def test_the_document_is_the_reviewed_one():
    text = asyncapi_document(version="1").decode() + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        SNAPSHOT.write_text(text)
    assert SNAPSHOT.read_text() == text, "asyncapi changed: review it, then UPDATE_SNAPSHOTS=1"


def test_every_subject_and_event_is_in_the_document():
    document = json.loads(asyncapi_document(version="1"))
    addresses = {channel["address"] for channel in document["channels"].values()}
    api = {value for value in vars(subjects).values() if str(value).startswith(f"{subjects.ROOT}.api.")}
    events = {subjects.event_subject(event.model_fields["type"].default) for event in EVENT_TYPES}
    assert addresses == {*api, *events, None}


def test_every_request_says_what_answers_it():
    document = json.loads(asyncapi_document(version="1"))
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
    document = json.loads(asyncapi_document(version="1"))

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
