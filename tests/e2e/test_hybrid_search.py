"""Searching a real journal: by a name no model knows, in other words, within limits, never beyond the journal."""

import pytest

DIARY = [
    ("Przemek helped me carry the piano up the stairs.", ["home"]),
    ("My daughter took her first steps today and I could not stop smiling.", ["family"]),
    ("The tax office sent a letter about the missing forms.", ["work"]),
    ("A long run along the canal before breakfast.", ["sport"]),
    ("We buried grandfather in the rain. Nobody spoke on the way home.", ["family"]),
]


@pytest.fixture
def entries(journal):
    """Ids, in the order of DIARY."""
    posted = [journal.post(body, tags=tags)["id"] for body, tags in DIARY]
    for entry_id in posted:
        journal.done(entry_id)
    return posted


def test_names_and_other_words_both_find_their_entry_until_it_is_erased(journal, entries):
    piano, steps = entries[:2]
    name = journal.request("POST", "/search", json={"query": "przemek"}).json()
    assert (name["mode"], name["degraded"]) == ("hybrid", None)
    assert name["hits"][0]["entry_id"] == piano
    assert name["hits"][0]["scores"]["lexical"] > 0
    assert [hit["entry_id"] for hit in journal.search("PRZEMEK", mode="lexical")] == [piano]
    assert journal.ids_found("the baby learned to walk")[0] == steps
    assert journal.search("infant walking", mode="lexical") == []

    assert journal.request("DELETE", f"/entries/{piano}").status_code == 204
    for mode in ("hybrid", "dense", "lexical"):
        assert piano not in [hit["entry_id"] for hit in journal.search("przemek", mode=mode)]


def test_filters_similar_entries_and_highlights_over_the_whole_way(journal, entries):
    piano, steps, _tax, _run, grandfather = entries
    family = journal.search("the baby learned to walk", tags=["family"])
    assert {hit["entry_id"] for hit in family} == {steps, grandfather}
    moods = {entry_id: journal.get(entry_id).json()["enrichments"]["mood"]["result"] for entry_id in entries}
    pleasant = {entry_id for entry_id, mood in moods.items() if mood["valence"] >= 0}
    assert {hit["entry_id"] for hit in journal.search("a day", valence_from=0)} == pleasant
    label = moods[steps]["label"]
    alike = {entry_id for entry_id, mood in moods.items() if mood["label"] == label}
    assert {hit["entry_id"] for hit in journal.search("a day", moods=[label])} == alike

    answer = journal.request("GET", f"/entries/{steps}/similar", params={"limit": 3})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["hits"]) == 3
    assert steps not in [hit["entry_id"] for hit in answer.json()["hits"]]

    hit = journal.search("piano przemek", recency={"half_life_days": 7})[0]
    assert hit["entry_id"] == piano
    assert hit["scores"]["recency"] > 0.99
    body = journal.get(piano).json()["body"]
    assert [body[mark["start"] : mark["end"]] for mark in hit["highlights"]] == ["Przemek", "piano"]
    wrong = journal.request("POST", "/search", json={"query": "x", "valence_from": 0.5, "valence_to": 0.1})
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:daybook:problem:request-invalid")
