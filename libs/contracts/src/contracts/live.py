"""What is being written at this moment, from a worker to every gateway, over core NATS: nothing of it is stored.

A frame says all that was written so far, so that none depends on the one before: a gateway that starts in the middle,
or that missed some, is whole again with the next.
"""

from typing import Literal
from uuid import UUID

from contracts.enrichments import FailureReason
from contracts.identifiers import JournalName
from contracts.model import Value
from contracts.reflections import ReflectionView
from contracts.reports import ReportProgress, ReportState, ReportView

#: `retrying`: an attempt failed, and another one follows.
LiveState = Literal["writing", "retrying", "done", "failed"]


class Retry(Value):
    """An attempt failed, and the next one begins in `in_s`, or once the model server is back."""

    #: Seconds, from when it is told.
    in_s: float
    #: That failed, counted from 1.
    attempt: int
    #: Why.
    reason: FailureReason


class ReflectionFrame(Value):
    journal: JournalName
    entry_id: UUID
    version: int
    #: UUIDv7 of one attempt: a later one replaces what an earlier one wrote.
    run: UUID
    state: LiveState
    text: str = ""
    questions: tuple[str, ...] = ()
    #: Set where `state` is retrying.
    retry: Retry | None = None


class ReportFrame(Value):
    """An attempt at a report failed. How far it came is stored."""

    journal: JournalName
    report_id: UUID
    edition: int
    retry: Retry


class Written(Value):
    """More of the text: it goes on at `at`, in characters."""

    event: Literal["written"] = "written"
    at: int
    text: str


class QuestionsWritten(Value):
    """All questions there are so far; the last may grow."""

    event: Literal["questions"] = "questions"
    questions: tuple[str, ...]


class Restarted(Value):
    """Throw away what was written: the worker died or failed, and another attempt begins."""

    event: Literal["restarted"] = "restarted"


class Retrying(Retry):
    """The next attempt has not begun yet."""

    event: Literal["retrying"] = "retrying"


class Waiting(Value):
    """Nothing new: the connection lives, and the reflection is still to come."""

    event: Literal["waiting"] = "waiting"


class Ended(Value):
    """The last one: the reflection as it is stored, written or not."""

    event: Literal["ended"] = "ended"
    reflection: ReflectionView


class ReportProgressed(Value):
    """How far a report is; `progress` is None until a worker has begun."""

    event: Literal["progress"] = "progress"
    state: ReportState
    edition: int
    progress: ReportProgress | None = None


class ReportEnded(Value):
    """The last one: the report as it is stored, made or failed."""

    event: Literal["ended"] = "ended"
    report: ReportView


ReportLiveEvent = ReportProgressed | Restarted | Retrying | Waiting | ReportEnded
LiveEvent = Written | QuestionsWritten | Restarted | Retrying | Waiting | Ended
