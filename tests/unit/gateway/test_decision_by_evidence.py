"""Evidence held against the three reasons of ADR 0001."""

from pathlib import Path

import pytest

from gateway.domain.decision import DECISION, Spent, conclude, judge


def spent(**changes: object) -> Spent:
    """200 tasks of a second with an inference of 900 ms each, and a bridge of 0.2 ms."""
    usual = {
        "task": "enrichment.embed",
        "tasks": 200,
        "busy_s": 200.0,
        "bridge_s": 0.04,
        "inference_s": 180.0,
        "tasks_with_inference": 200,
        "rate_peak": 2.0,
    }
    return Spent(**{**usual, **changes})


def judged(**changes: object):
    return judge(spent(**changes), window_s=3600, tasks_min=100)


def states(decision) -> dict[str, str]:
    return {name: trigger.state for name, trigger in decision.triggers.items()}


def test_slow_inference_and_a_cheap_bridge_leave_the_decision_as_it_is() -> None:
    decision = judged()
    assert states(decision) == {"inference": "not_met", "rate": "not_met", "overhead": "not_met"}
    assert (decision.inference_mean_s, decision.bridge_mean_s, decision.task_mean_s) == (0.9, 0.0002, 1.0)
    assert decision.overhead_share == pytest.approx(0.0002)
    assert decision.rate_mean == pytest.approx(200 / 3600)
    assert conclude([decision]) == ("stands", "The decision of ADR 0001 stands: no reason to reconsider is met.")


@pytest.mark.parametrize(
    ("changes", "trigger", "says"),
    [
        ({"inference_s": 1.998}, "inference", "inference 10.0 ms < 10 ms"),
        ({"rate_peak": 10_000.5}, "rate", "10,000.5 tasks/s > 10,000 tasks/s"),
        ({"bridge_s": 4.2}, "overhead", "overhead 2.1 % > 1 %"),
    ],
)
def test_each_reason_is_met_alone_and_named(changes: dict[str, object], trigger: str, says: str) -> None:
    decision = judged(**changes)
    assert [name for name, state in states(decision).items() if state == "met"] == [trigger]
    assert conclude([judged(task="enrichment.infer_mood"), decision]) == (
        "reconsider",
        f"Reconsider ADR 0001 for enrichment.embed: {says}.",
    )


def test_what_lies_on_the_threshold_meets_nothing() -> None:
    decision = judged(inference_s=2.0, rate_peak=10_000.0, bridge_s=2.0)
    assert set(states(decision).values()) == {"not_met"}


def test_three_tasks_raise_no_alarm() -> None:
    decision = judged(tasks=3, tasks_with_inference=3, busy_s=0.01, bridge_s=0.009, inference_s=0.001)
    assert set(states(decision).values()) == {"no_data"}
    assert decision.triggers["overhead"].says == "3 tasks, fewer than 100"
    assert decision.triggers["overhead"].value == pytest.approx(0.9), "shown, not judged"
    assert conclude([decision])[0] == "no_data"
    assert conclude([])[0] == "no_data"


def test_tasks_that_ask_no_model_are_not_judged_by_their_overhead() -> None:
    decision = judged(tasks_with_inference=0, inference_s=0.0, busy_s=1.0)
    assert states(decision) == {"inference": "no_data", "rate": "not_met", "overhead": "no_data"}
    assert decision.inference_mean_s is None
    assert decision.overhead_share == pytest.approx(0.04)


def test_the_decision_that_is_named_is_there() -> None:
    assert (Path(__file__).parents[3] / DECISION).exists()
