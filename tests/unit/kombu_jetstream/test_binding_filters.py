from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kombu_jetstream._topology.bindings import matches
from kombu_jetstream._topology.filters import binding_filters, covers, filters_of, takes
from kombu_jetstream._topology.naming import Names

NAMES = Names("daybook")
WORDS = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=3)
FILTERS = st.builds(lambda words, open_: ".".join([*words, ">"] if open_ else words), WORDS, st.booleans())
SUBJECTS = [".".join(words) for size in (1, 2, 3, 4) for words in product("abc", repeat=size)]


@pytest.mark.parametrize(
    ("kind", "key", "filters"),
    [
        ("fanout", "ignored", ("daybook.exchange.x.*.>",)),
        ("direct", "k.1", ("daybook.exchange.x.*.k.1",)),
        ("topic", "a.*.c", ("daybook.exchange.x.*.a.*.c",)),
        ("topic", "#", ("daybook.exchange.x.*.>",)),
        ("topic", "a.#", ("daybook.exchange.x.*.a", "daybook.exchange.x.*.a.>")),
    ],
)
def test_a_binding_becomes_subject_filters(kind: str, key: str, filters: tuple[str, ...]) -> None:
    assert binding_filters(NAMES, "x", kind, key, "*") == filters


@pytest.mark.parametrize(
    ("pattern", "filters"),
    [
        ("#.end", ("daybook.exchange.x.9.>",)),
        ("a.#.end", ("daybook.exchange.x.9.a", "daybook.exchange.x.9.a.>")),
    ],
)
def test_what_no_filter_can_say_is_told_apart_afterwards(pattern: str, filters: tuple[str, ...]) -> None:
    assert binding_filters(NAMES, "x", "topic", pattern, 9) == filters
    bindings = [("x", "topic", pattern), ("y", "direct", "a b")]
    keys = ["end", "a.end", "a.b.end", "a", "ab.end", "a.b"]
    expected = [key for key in keys if matches("topic", pattern, key)]
    assert [key for key in keys if takes(bindings, NAMES.exchange("x", key, 9))] == expected
    assert takes(bindings, NAMES.exchange("y", "a b", 0))
    assert not takes(bindings, NAMES.exchange("z", "end", 0))
    assert takes(bindings, NAMES.inbox("q", 0))


def test_what_filters_can_say_is_not_looked_at_again() -> None:
    assert takes([("x", "topic", "a.#")], NAMES.exchange("x", "never published", 0))


def test_a_filter_that_another_covers_is_left_out() -> None:
    bindings = [("x", "topic", key) for key in ("a.b", "a.*", "a.#", "c", "a.b.#")] + [("y", "direct", "a.b")]
    assert filters_of(NAMES, bindings, 0) == [
        "daybook.exchange.x.0.a",
        "daybook.exchange.x.0.a.>",
        "daybook.exchange.x.0.c",
        "daybook.exchange.y.0.a.b",
    ]


@given(FILTERS, FILTERS)
def test_a_filter_covers_another_when_it_matches_all_that_the_other_does(wide: str, narrow: str) -> None:
    assert covers(wide, narrow) == all(matched(wide, subject) for subject in SUBJECTS if matched(narrow, subject))


def matched(pattern: str, subject: str) -> bool:
    """As NATS does."""
    patterns, words = pattern.split("."), subject.split(".")
    if patterns[-1] == ">":
        patterns = patterns[:-1]
        if len(words) <= len(patterns):
            return False
        words = words[: len(patterns)]
    return len(patterns) == len(words) and all(p in {"*", word} for p, word in zip(patterns, words, strict=True))
