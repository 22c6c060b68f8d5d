"""Asking a real journal: what it says, what it does not say, and an entry that gives orders. The model is small."""

import pytest
from httpx_sse import connect_sse

from support.injections import INJECTIONS, repeats

FENCE = "We painted the garden fence green with Nora and Ole, and had plum cake in the grass."


def asked(journal, question):
    path = f"/v1/journals/{journal.journal}/ask"
    with connect_sse(journal._http, "POST", path, json={"question": question}) as source:
        source.response.raise_for_status()
        return [event.json() for event in source.iter_sse() if event.data]


@pytest.mark.timeout(300)
def test_a_journal_answers_from_its_own_entries_or_says_that_it_does_not(journal):
    posted = [journal.post(body)["id"] for body in (FENCE, f"The garden fence again. {INJECTIONS['fake roles']}")]
    for entry_id in posted:
        journal.done(entry_id)

    found, ended = asked(journal, "What is the capital of Mongolia?")
    assert found["entries"] == []
    assert (ended["says"], ended["reason"], ended["provenance"]) == ("nothing", "nothing_near", None)

    found, *written, ended = asked(journal, "Which colour did we paint the garden fence?")
    assert {entry["entry_id"] for entry in found["entries"]} == set(posted)
    # What so small a model writes is its own affair; that it comes with a source, and from here alone, is not.
    assert ended["says"] in {"answer", "nothing", "unsupported"}
    assert ended["provenance"]["prompt_tokens"] > 0
    assert {one for citation in ended["citations"] for one in citation["entry_ids"]} <= set(posted)
    assert bool(ended["citations"]) == (ended["says"] == "answer") == bool(written)
    assert not repeats(
        ended["text"], "The last message is the question. Answer in one to three short sentences, to the writer"
    )
