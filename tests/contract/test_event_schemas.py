"""The schema of every event, request and reply is a promise to other programs: a changed snapshot is a reviewed change.

`UPDATE_SNAPSHOTS=1 pytest tests/contract` writes them anew.
"""

import json
import os
from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter

from contracts.api import REPLIES, ProblemReply
from contracts.events import EVENT_TYPES

SNAPSHOTS = Path(__file__).parent / "snapshots"
MODELS = {
    **{model.model_fields["type"].default: model for model in EVENT_TYPES},
    **{f"request.{request.__name__}": request for request in REPLIES},
    **{f"reply.{reply.__name__}": reply for reply in {*REPLIES.values(), ProblemReply}},
}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_schema_is_the_reviewed_one(name: str) -> None:
    schema = TypeAdapter[BaseModel](MODELS[name]).json_schema()
    text = json.dumps(schema, indent=2, sort_keys=True) + "\n"
    path = SNAPSHOTS / f"{name}.json"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        path.write_text(text)
    assert path.read_text() == text, f"{name} changed: review it, then UPDATE_SNAPSHOTS=1"


def test_every_snapshot_belongs_to_a_model() -> None:
    assert {path.stem for path in SNAPSHOTS.glob("*.json")} == set(MODELS)


def test_no_event_has_room_for_text() -> None:
    free_text = {"body", "text", "snippet", "query", "rationale", "metadata", "tags"}
    for model in EVENT_TYPES:
        schema = model.model_json_schema()
        names = {name for part in [schema, *schema["$defs"].values()] for name in part.get("properties", {})}
        assert not names & free_text
