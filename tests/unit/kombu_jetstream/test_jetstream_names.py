import pytest
from hypothesis import given
from hypothesis import strategies as st

from kombu_jetstream._naming import Names, priority_step, token
from kombu_jetstream._routes import matches

NAMES = Names("daybook")


@given(st.text(), st.text())
def test_any_name_is_one_token_and_two_names_are_two(one: str, other: str) -> None:
    assert not set(token(one)) & set(".*> \t\r\n/\\")
    assert token(one)
    assert (token(one) == token(other)) == (one == other)


@pytest.mark.parametrize(
    ("priority", "step"),
    [(None, 0), (-3, 0), (0, 0), (2, 0), (3, 3), (5, 3), (6, 6), (8, 6), (9, 9), (99, 9), ("x", 0)],
)
def test_priorities_fall_into_four_steps(priority: object, step: int) -> None:
    assert priority_step(priority) == step


def test_subjects_of_a_prefix_do_not_collide_with_its_events() -> None:
    subjects = [NAMES.task("q", 0), NAMES.later("q", "id"), NAMES.inbox("q"), NAMES.exchange("x", "a.b")]
    assert subjects == ["daybook.tasks.q.0", "daybook.later.q.id", "daybook.inbox.q", "daybook.exchange.x.a.b"]
    assert (NAMES.task_stream, NAMES.transient_stream) == ("DAYBOOK_TASKS", "DAYBOOK_TRANSIENT")


@pytest.mark.parametrize(
    ("kind", "key", "filters"),
    [
        ("fanout", "ignored", ("daybook.exchange.x.>",)),
        ("direct", "k.1", ("daybook.exchange.x.k.1",)),
        ("topic", "a.*.c", ("daybook.exchange.x.a.*.c",)),
        ("topic", "#", ("daybook.exchange.x.>",)),
        ("topic", "a.#", ("daybook.exchange.x.a", "daybook.exchange.x.a.>")),
    ],
)
def test_a_binding_becomes_subject_filters(kind: str, key: str, filters: tuple[str, ...]) -> None:
    assert NAMES.binding_filters("x", kind, key) == filters


def test_a_pattern_no_filter_can_say_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="at the end only"):
        NAMES.binding_filters("x", "topic", "#.end")


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
