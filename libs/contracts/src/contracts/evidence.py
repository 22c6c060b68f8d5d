"""What workers' tasks took, as they report it, and what follows for the decision of ADR 0001."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from contracts.model import Request, Value
from contracts.moments import Moment

TaskName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$")]
Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
#: Within what the database holds.
Tally = Annotated[int, Field(ge=0, le=2**53)]
PERIOD_MAX = timedelta(days=1)


class TaskEvidence(Request):
    """What the tasks of one kind took together."""

    task: TaskName
    tasks: Annotated[int, Field(ge=1, le=2**53)]
    #: Wall time of the tasks.
    busy_s: Seconds
    #: Of it, what its event loops cost: making and closing them, and opening NATS in each.
    bridge_s: Seconds
    #: Of it, what calls of a model took; those that ran at the same time count each.
    inference_s: Seconds
    tasks_with_inference: Tally


class ReportEvidence(Request):
    """What a worker's tasks took in a period. Answered by `EvidenceReply`, after the gateway's commit."""

    #: Of one run of one worker process.
    worker: UUID
    #: From 1; with `worker`, it makes a repeated report known.
    sequence: Annotated[int, Field(ge=1, le=2**53)]
    began_at: Moment
    ended_at: Moment
    kinds: Annotated[tuple[TaskEvidence, ...], Field(min_length=1, max_length=256)]

    @model_validator(mode="after")
    def _one_period_and_each_kind_once(self) -> Self:
        if not timedelta(0) < self.ended_at - self.began_at <= PERIOD_MAX:
            raise ValueError("ended_at must lie after began_at, by a day at most")
        if len({kind.task for kind in self.kinds}) < len(self.kinds):
            raise ValueError("each task may stand once in kinds")
        return self


class EvidenceReply(Value):
    """`known`: this report was stored before, and nothing has changed."""

    outcome: Literal["recorded", "known"]


TriggerName = Literal["inference", "rate", "overhead"]


class Trigger(Value):
    """One of the reasons that ADR 0001 names to reconsider, beside what is."""

    state: Literal["met", "not_met", "no_data"]
    #: In words: `value` beside `threshold`, or why it is not judged.
    says: str
    threshold: float
    #: None where there is none.
    value: float | None


class TaskDecision(Value):
    """What the tasks of one kind took in the window. Means are a task's; None where there is none."""

    task: str
    tasks: int
    tasks_with_inference: int
    #: Tasks a second over the whole window, and in its busiest moment as the workers' reports tell it.
    rate_mean: float
    rate_peak: float
    task_mean_s: float
    #: Of the tasks that asked a model.
    inference_mean_s: float | None
    bridge_mean_s: float
    #: `bridge_mean_s / task_mean_s`
    overhead_share: float | None
    triggers: dict[TriggerName, Trigger]


class DecisionView(Value):
    """Whether the decision of ADR 0001 holds on this installation."""

    #: Where the decision is written, in the repository.
    decision: str
    verdict: Literal["stands", "reconsider", "no_data"]
    conclusion: str
    window_s: float
    until: datetime
    #: A kind with fewer tasks is not judged.
    min_tasks: int
    kinds: tuple[TaskDecision, ...]
