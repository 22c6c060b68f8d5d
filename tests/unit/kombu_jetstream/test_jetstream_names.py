from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kombu_jetstream._topology.bindings import matches
from kombu_jetstream._topology.naming import Names, name_of, priority_step, token

NAMES = Names("daybook")


@given(st.text(), st.text())
def test_any_name_is_one_token_and_two_names_are_two(one: str, other: str) -> None:
    assert not set(token(one)) & set(".*> \t\r\n/\\")
    assert token(one)
    assert (token(one) == token(other)) == (one == other)
    assert name_of(token(one)) == one


@pytest.mark.parametrize(
    ("priority", "step"),
    [(None, 0), (-3, 0), (0, 0), (2, 0), (3, 3), (5, 3), (6, 6), (8, 6), (9, 9), (99, 9), ("x", 0)],
)
def test_priorities_fall_into_four_steps(priority: object, step: int) -> None:
    assert priority_step(priority) == step


def test_subjects_of_a_prefix_do_not_collide_with_its_events() -> None:
    later = NAMES.later("q", "id", "0", datetime.fromtimestamp(1.5, UTC))
    subjects = [NAMES.task("q", 0), later, NAMES.inbox("q", 3), NAMES.exchange("x", "a.b", 9)]
    assert subjects == [
        "daybook.tasks.q.0", "daybook.later.q.id.0.1500", "daybook.inbox.q.3", "daybook.exchange.x.9.a.b",
    ]  # fmt: skip
    assert (NAMES.task_stream, NAMES.transient_stream) == ("DAYBOOK_TASKS", "DAYBOOK_TRANSIENT")


@pytest.mark.parametrize(
    ("kind", "pattern", "key", "expected"),
    [
        ("fanout", "", "anything", True),
        ("direct", "k", "k", True),
        ("direct", "k", "k2", False),
        ("topic", "a.*", "a.b", True),
        ("topic", "a.*", "a.b.c", False),
        ("topic", "a.#", "a", True),
        ("topic", "a.#", "a.b.c", True),
        ("topic", "a.#", "ab", False),
        ("topic", "#.z", "z", True),
        ("topic", "#.z", "x.y.z", True),
        ("topic", "#", "", True),
        ("topic", "a+b", "a+b", True),
        ("topic", "a+b", "aab", False),
    ],
)
def test_durable_bindings_match_as_in_amqp(kind: str, pattern: str, key: str, expected: bool) -> None:
    assert matches(kind, pattern, key) is expected
