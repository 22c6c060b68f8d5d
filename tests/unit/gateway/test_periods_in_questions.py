"""Which days a question speaks of, asked on Tuesday, 24 November 2026."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ask.periods import Period, period_in

TODAY = date(2026, 11, 24)


def days(first: str | None, end: str | None) -> Period:
    return Period(first and date.fromisoformat(first), end and date.fromisoformat(end))


@pytest.mark.parametrize(
    ("question", "first", "end"),
    [
        ("What did I eat yesterday?", "2026-11-23", "2026-11-24"),
        ("How did I feel today", "2026-11-24", "2026-11-25"),
        ("the day before yesterday, who called?", "2026-11-22", "2026-11-23"),
        ("What did I dream last night?", "2026-11-23", "2026-11-24"),
        ("What did I do last week?", "2026-11-16", "2026-11-23"),
        ("What did I do this week?", "2026-11-23", "2026-11-30"),
        ("Who visited in the past week?", "2026-11-18", "2026-11-25"),
        ("in the last two months", "2026-09-24", "2026-11-25"),
        ("the past 10 days", "2026-11-15", "2026-11-25"),
        ("three weeks ago", "2026-11-02", "2026-11-09"),
        ("a year ago", "2025-01-01", "2026-01-01"),
        ("What happened in March?", "2026-03-01", "2026-04-01"),
        ("in May", "2026-05-01", "2026-06-01"),
        ("in December", "2025-12-01", "2026-01-01"),
        ("in November", "2026-11-01", "2026-12-01"),
        ("last November", "2025-11-01", "2025-12-01"),
        ("early March 2025", "2025-03-01", "2025-04-01"),
        ("March of 2024", "2024-03-01", "2024-04-01"),
        ("summer 2024", "2024-06-01", "2024-09-01"),
        ("winter 2023", "2023-12-01", "2024-03-01"),
        ("in the fall", "2026-09-01", "2026-12-01"),
        ("last fall", "2025-09-01", "2025-12-01"),
        ("in 2023", "2023-01-01", "2024-01-01"),
        ("on Tuesday", "2026-11-24", "2026-11-25"),
        ("last Tuesday", "2026-11-17", "2026-11-18"),
        ("on Friday", "2026-11-20", "2026-11-21"),
        ("last weekend", "2026-11-21", "2026-11-23"),
        ("March 5th, 2024", "2024-03-05", "2024-03-06"),
        ("the 5th of March", "2026-03-05", "2026-03-06"),
        ("29 February", "2024-02-29", "2024-03-01"),
        ("on 2024-02-29", "2024-02-29", "2024-03-01"),
        ("since March", "2026-03-01", None),
        ("after last week", "2026-11-23", None),
        ("before summer 2024", None, "2024-06-01"),
        ("until yesterday", None, "2026-11-24"),
        ("between March and May 2024", "2024-03-01", "2024-06-01"),
        ("from October to February", "2025-10-01", "2026-03-01"),
        ("from Monday until Friday", "2026-11-16", "2026-11-21"),
        ("last week or yesterday", "2026-11-16", "2026-11-24"),
        ("this fall I moved", "2026-09-01", "2026-12-01"),
        ("What did I do this May?", "2026-05-01", "2026-06-01"),
        ("late in spring", "2026-03-01", "2026-06-01"),
        ("since May", "2026-05-01", None),
        ("until March", None, "2026-04-01"),
        ("in summer and fall", "2026-06-01", "2026-12-01"),
        ("from 3 January to March", "2026-01-03", "2026-04-01"),
        ("between March and yesterday", "2026-03-01", "2026-11-24"),
        ("in March or April", "2026-03-01", "2026-05-01"),
        ("by Friday", "2026-11-20", "2026-11-21"),
        ("Was war gestern?", "2026-11-23", "2026-11-24"),
        ("Wie ging es mir letzte Woche?", "2026-11-16", "2026-11-23"),
        ("in den letzten zwei Wochen", "2026-11-11", "2026-11-25"),
        ("vor drei Tagen", "2026-11-21", "2026-11-22"),
        ("vor einem Jahr", "2025-01-01", "2026-01-01"),
        ("am Montag", "2026-11-23", "2026-11-24"),
        ("im März", "2026-03-01", "2026-04-01"),
        ("Was habe ich im Mai gemacht?", "2026-05-01", "2026-06-01"),
        ("letzten Sommer", "2026-06-01", "2026-09-01"),
        ("im Sommer 2024", "2024-06-01", "2024-09-01"),
        ("am 5.3.2024", "2024-03-05", "2024-03-06"),
        ("am 5. März", "2026-03-05", "2026-03-06"),
        ("Anfang April", "2026-04-01", "2026-05-01"),
        ("im März oder im Juni", "2026-03-01", "2026-07-01"),
        ("seit Januar", "2026-01-01", None),
        ("vor März", None, "2026-03-01"),
        ("im Jahr 2023", "2023-01-01", "2024-01-01"),
        ("What happened in the last week of October 2025?", "2025-10-25", "2025-11-01"),
        ("on the last weekend of September 2025", "2025-09-27", "2025-09-29"),
        ("the last two weeks of May", "2026-05-18", "2026-06-01"),
        ("in the first week of March 2025", "2025-03-01", "2025-03-08"),
        ("on the first Monday of October", "2026-10-05", "2026-10-06"),
        ("on the last Friday in May 2025", "2025-05-30", "2025-05-31"),
        ("the last days of October 2025", "2025-10-01", "2025-11-01"),
        ("in the last month of 2025", "2025-12-01", "2026-01-01"),
        ("on the last day of last month", "2026-10-31", "2026-11-01"),
        ("since the last week of October 2025", "2025-10-25", None),
        ("the last week of summer 2025", "2025-08-25", "2025-09-01"),
        ("in the second week of October 2025", "2025-10-01", "2025-11-01"),
        ("in October last year", "2025-10-01", "2025-11-01"),
        ("last year in October", "2025-10-01", "2025-11-01"),
        ("on Monday of last week", "2026-11-16", "2026-11-23"),
        ("in der letzten Oktoberwoche 2025", "2025-10-25", "2025-11-01"),
        ("in der letzten Woche im Oktober 2025", "2025-10-25", "2025-11-01"),
        ("in der letzten Woche des Oktobers 2025", "2025-10-25", "2025-11-01"),
        ("am letzten Septemberwochenende 2025", "2025-09-27", "2025-09-29"),
        ("am letzten Wochenende im September 2025", "2025-09-27", "2025-09-29"),
        ("am ersten Tag des Jahres 2025", "2025-01-01", "2025-01-02"),
        ("im Oktober letzten Jahres", "2025-10-01", "2025-11-01"),
        ("letztes Jahr im Sommer", "2025-06-01", "2025-09-01"),
        ("What happened on 3 May with Anna?", "2026-05-03", "2026-05-04"),
        ("Who called 3 May?", "2026-05-03", "2026-05-04"),
        ("from March 5 to March 9 in Rome", "2026-03-05", "2026-03-10"),
    ],
)
def test_a_time_is_read_as_days(question: str, first: str | None, end: str | None) -> None:
    assert period_in(question, TODAY) == days(first, end)


@pytest.mark.parametrize(
    "question",
    [
        "What did I get on my birthday?",
        "Where were we at Easter?",
        "May I ask something?",
        "Did we march on?",
        "Why did I fall?",
        "Where is my summer dress?",
        "When did I begin to fall in love?",
        "Why did I want to march in the protest?",
        "What did we shout in the march?",
        "What did I do with Anna and May?",
        "What did I hear from May?",
        "Did I think this may help?",
        "How long did it take to spring clean?",
        "What have I written of June and Anna?",
        "What hurts since the fall?",
        "Was tue ich im Fall eines Streits?",
        "Warum gab ich in diesem Fall nach?",
        "Was habe ich in dem Fall gesagt?",
        "Was war seit dem Fall der Mauer?",
        "Was habe ich von August und Anna gehört?",
        "What do I do on Mondays?",
        "Who lives in room 2024?",
        "on 3/5/2024",
        "on 2024-02-30",
        "the 31st of April",
        "on 45.45.2024",
        "Which of the 3 may be right?",
        "Did we march 5 miles?",
        "May 3 of us be wrong?",
        "What did I do in the last week of the holidays?",
        "Was tat ich in der letzten Woche des Urlaubs?",
        "What did Petra say?",
        "",
    ],
)
def test_what_is_no_time_or_could_be_two_is_left_alone(question: str) -> None:
    assert period_in(question, TODAY) is None


@settings(max_examples=60)
@given(st.text(max_size=80), st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_no_question_fails(question: str, today: date) -> None:
    found = period_in(question, today)
    if found and found.first and found.end:
        assert found.first < found.end


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "since",
                "999",
                "years",
                "ago",
                "last",
                "past",
                "12",
                "months",
                "vor",
                "March",
                "30",
                "2024",
                "and",
                "31.",
                "on",
                "first",
                "week",
                "weekend",
                "of",
                "may",
                "5",
            ]
        ),
        max_size=9,
    ),
    st.dates(date(1900, 1, 1), date(2200, 1, 1)),
)
def test_no_row_of_its_words_fails(row: list[str], today: date) -> None:
    found = period_in(" ".join(row), today)
    if found and found.first and found.end:
        assert found.first < found.end
