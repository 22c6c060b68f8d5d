from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kombu_jetstream._filters import binding_filters, covers, filters_of
from kombu_jetstream._naming import Names

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


def test_a_pattern_no_filter_can_say_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="at the end only"):
        binding_filters(NAMES, "x", "topic", "#.end", 9)


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
