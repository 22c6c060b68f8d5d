"""What the workers' logs say of a failure that nobody foresaw, whose message quotes what it met."""

import time
from types import SimpleNamespace

from pydantic import BaseModel

from contracts.enrichments import FailureReason
from contracts.events import EntryRef
from contracts.identifiers import new_id
from contracts.live import Retry
from enrichment_worker import tasks as enrichment
from enrichment_worker.pipeline import Fault
from insights_worker import tasks as insights
from ollama_client import ModelNotFound
from support.log_lines import LogLines, log_lines
from worker_kit import Backoff, run_async

TASK = SimpleNamespace(
    name="infer_mood",
    app=SimpleNamespace(conf={}),
    request=SimpleNamespace(id="t-1", retries=0, headers={}),
)


class Mood(BaseModel):
    valence: float


async def misread() -> None:
    Mood.model_validate({"valence": "elderflower"})


async def record(*_failure: FailureReason | Retry) -> None:
    """The gateway has taken it."""


class Context(enrichment.TaskContext):
    def run(self, work):
        work.close()


def assert_told(lines: LogLines, event: str) -> None:
    (line,) = lines.of(event)
    assert (line["reason"], line["error"]) == ("internal_error", "ValidationError")
    assert any("test_dead_letters_in_logs.py" in frame and frame.endswith(" misread") for frame in line["frames"])
    assert "elderflower" not in lines.text


def test_a_mood_that_fails_unforeseen_is_told_with_its_place_and_no_word_of_the_entry() -> None:
    context = Context(None, Backoff(), 5.0)  # type: ignore[arg-type]
    ref = EntryRef(journal="anna", entry_id=new_id(), revision=1)
    try:
        run_async(misread(), deadline_s=5)
    except ValueError as error:
        fault = Fault(ref, error)
    with log_lines() as lines:
        assert enrichment._settle(TASK, context, "mood", [fault], time.time()) is None
    assert_told(lines, "enrichment.failed")


def test_a_reflection_that_fails_unforeseen_is_told_with_its_place_and_no_word_of_the_entry() -> None:
    context = insights.TaskContext(None, Backoff(), 5.0)  # type: ignore[arg-type]
    with log_lines() as lines:
        insights._attempt(TASK, context, misread, record, record, since_s=time.time())
    assert_told(lines, "task.given_up")


def test_a_failure_that_was_foreseen_is_told_by_its_name_alone() -> None:
    context = Context(None, Backoff(), 5.0)  # type: ignore[arg-type]
    fault = Fault(EntryRef(journal="anna", entry_id=new_id(), revision=1), ModelNotFound("m"))
    with log_lines() as lines:
        assert enrichment._settle(TASK, context, "mood", [fault], time.time()) is None
    (line,) = lines.of("enrichment.failed")
    assert (line["reason"], line["error"]) == ("model_missing", "ModelNotFound")
    assert "frames" not in line
