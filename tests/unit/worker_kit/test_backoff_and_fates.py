import pytest
from celery.exceptions import SoftTimeLimitExceeded

from contracts.api import Problem
from entry_index.errors import IndexRefused, IndexTimedOut, IndexUnreachable
from ollama_client import (
    BadRequest,
    ContextOverflow,
    FirstTokenTimeout,
    InvalidAnswer,
    ModelNotFound,
    Overloaded,
    Unreachable,
)
from worker_kit import (
    Backoff,
    DeadLetter,
    DeadlineExceeded,
    GatewayOutdated,
    GatewayRefused,
    GatewayUnreachable,
    RetryLater,
    WorkerLost,
    decide_fate,
)

URL = "http://127.0.0.1:11434"
REFUSAL = Problem(type="about:blank", title="Missing scope", status=403)


@pytest.mark.parametrize(
    ("attempt", "ceiling_s"),
    [(0, 2), (1, 4), (2, 8), (3, 16), (4, 32), (5, 64), (6, 128), (7, 256), (8, 300), (9, 300), (5000, 300)],
)
def test_the_ceiling_doubles_from_two_seconds_to_five_minutes(attempt: int, ceiling_s: float) -> None:
    assert Backoff().ceiling_s(attempt) == ceiling_s


def test_the_jitter_is_full() -> None:
    asked: list[tuple[float, float]] = []

    def highest(low: float, high: float) -> float:
        asked.append((low, high))
        return high

    assert Backoff().delay_s(3, uniform=highest) == 16
    assert asked == [(0.0, 16.0)]
    waits = [Backoff().delay_s(3) for _ in range(500)]
    assert all(0 <= wait <= 16 for wait in waits)
    assert min(waits) < 3
    assert max(waits) > 13


@pytest.mark.parametrize(
    "error",
    [
        Unreachable(URL, "refused"),
        FirstTokenTimeout(URL, 1),
        Overloaded(503, "loading"),
        IndexUnreachable("away"),
        IndexTimedOut("slow"),
        GatewayUnreachable("nobody"),
        DeadlineExceeded(1),
    ],
)
def test_what_may_pass_is_tried_again_for_a_day_and_then_given_up(error: Exception) -> None:
    backoff = Backoff()
    for attempt in (0, 50, 500):
        fate = decide_fate(error, attempt=attempt, elapsed_s=86_399, backoff=backoff)
        assert isinstance(fate, RetryLater)
        assert 0 <= fate.delay_s <= backoff.ceiling_s(attempt)
    assert decide_fate(error, attempt=0, elapsed_s=86_400, backoff=backoff) == DeadLetter("attempts_exhausted")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModelNotFound("llama3.2"), "model_missing"),
        (ContextOverflow(400, "too long"), "context_overflow"),
        (BadRequest(400, "no"), "model_refused"),
        (IndexRefused(400), "index_refused"),
        (SoftTimeLimitExceeded(), "deadline_exceeded"),
        (GatewayRefused(REFUSAL), "internal_error"),
        (WorkerLost(5), "worker_lost"),
        (ValueError("a defect of ours"), "internal_error"),
    ],
)
def test_what_will_never_pass_is_a_dead_letter_at_once_with_its_reason(error: Exception, reason: str) -> None:
    assert decide_fate(error, attempt=0, elapsed_s=0, backoff=Backoff()) == DeadLetter(reason)


def test_a_model_that_never_answers_validly_is_given_up_after_five_inferences() -> None:
    error = InvalidAnswer("llama3.2", "valence: too large")
    fates = [decide_fate(error, attempt=n, elapsed_s=n, backoff=Backoff()) for n in range(5)]
    assert all(isinstance(fate, RetryLater) for fate in fates[:4])
    assert fates[4] == DeadLetter("invalid_answer")


def test_an_invalid_answer_is_asked_for_again_without_a_growing_wait() -> None:
    error = InvalidAnswer("llama3.2", "valence: too large")
    backoff = Backoff(base_s=2.0)
    fates = [decide_fate(error, attempt=3, elapsed_s=9, backoff=backoff) for _ in range(50)]
    assert all(isinstance(fate, RetryLater) and fate.delay_s <= 2.0 for fate in fates)


def test_a_gateway_of_another_version_is_asked_again_for_an_hour() -> None:
    error = GatewayOutdated(Problem(type="urn:daybook:problem:request-invalid", title="Not valid", status=422))
    assert isinstance(decide_fate(error, attempt=3, elapsed_s=3500, backoff=Backoff()), RetryLater)
    assert decide_fate(error, attempt=3, elapsed_s=3600, backoff=Backoff()) == DeadLetter("internal_error")
