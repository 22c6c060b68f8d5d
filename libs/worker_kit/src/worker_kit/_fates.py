"""What becomes of a task that failed: later, or never with a reason. The error says which."""

from collections.abc import Mapping
from dataclasses import dataclass

from celery.exceptions import SoftTimeLimitExceeded

import entry_index
import ollama_client
from contracts.enrichments import FailureReason
from telemetry import failure_of
from worker_kit._backoff import Backoff
from worker_kit._metrics import GIVEN_UP, RETRIES
from worker_kit._skew import KNOWN_WITHIN_S
from worker_kit.errors import DeadlineExceeded, GatewayOutdated, RequestTooLarge, WorkerLost


@dataclass(frozen=True)
class RetryLater:
    delay_s: float


@dataclass(frozen=True)
class DeadLetter:
    """Recorded as `failed` with this reason: visible over the API, and re-runnable from there."""

    reason: FailureReason


_MODEL_REASONS: Mapping[type[ollama_client.OllamaError], FailureReason] = {
    ollama_client.ModelNotFound: "model_missing",
    ollama_client.ContextOverflow: "context_overflow",
    ollama_client.InvalidAnswer: "invalid_answer",
}

#: A model that answers, but never validly, is not away: a day of full inferences would end no better.
_INVALID_ANSWERS_MAX = 5

Fate = RetryLater | DeadLetter


def decide_fate(error: BaseException, *, attempt: int, elapsed_s: float, backoff: Backoff) -> Fate:
    """Later if the error says `retryable` and there is time left, else never."""
    if not getattr(error, "retryable", False):
        return DeadLetter(reason_of(error))
    if isinstance(error, ollama_client.InvalidAnswer) and attempt + 1 >= _INVALID_ANSWERS_MAX:
        return DeadLetter(reason_of(error))
    if isinstance(error, GatewayOutdated) and elapsed_s >= KNOWN_WITHIN_S:
        return DeadLetter(reason_of(error))
    if elapsed_s >= backoff.give_up_s:
        return DeadLetter("attempts_exhausted")
    # Nobody is away who has to come back, and somebody may be waiting for the words: at once, or nearly.
    return RetryLater(backoff.delay_s(0 if isinstance(error, ollama_client.InvalidAnswer) else attempt))


def count_fate(task: str, error: BaseException, fate: Fate) -> None:
    """Once for each failure that a fate was decided for. `task` is the kind's name."""
    match fate:
        case RetryLater():
            RETRIES.labels(task, reason_of(error)).inc()
        case DeadLetter(reason):
            GIVEN_UP.labels(task, reason).inc()


def told_of(error: BaseException, reason: FailureReason) -> dict[str, object]:
    """Fields of the log line of a dead letter: what nobody foresaw is told with its place, the rest with its name."""
    return failure_of(error) if reason == "internal_error" else {"error": type(error).__name__}


def reason_of(error: BaseException) -> FailureReason:
    """The constant word for an error."""
    if isinstance(error, ollama_client.OllamaError):
        for kind, reason in _MODEL_REASONS.items():
            if isinstance(error, kind):
                return reason
        return "model_unreachable" if error.retryable else "model_refused"
    if isinstance(error, entry_index.EntryIndexError):
        return "index_unreachable" if error.retryable else "index_refused"
    if isinstance(error, RequestTooLarge):
        return "result_too_large"
    if isinstance(error, WorkerLost):
        return "worker_lost"
    return "deadline_exceeded" if isinstance(error, DeadlineExceeded | SoftTimeLimitExceeded) else "internal_error"
