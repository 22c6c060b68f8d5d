"""What an author sees of an entry: enriched, found in other words, revised, found no more by the old ones."""

import random

MODEL = "all-minilm"


def test_an_entry_is_enriched_and_found_in_other_words(journal):
    journal.post("The tax office sent a letter about the missing forms.")
    posted = journal.post("My daughter took her first steps today and I could not stop smiling.", tags=["family"])
    assert {kind: it["state"] for kind, it in posted["enrichments"].items()} == {
        "embedding": "pending",
        "mood": "pending",
    }

    entry = journal.done(posted["id"])

    embedding = entry["enrichments"]["embedding"]["result"]
    assert (embedding["kind"], embedding["dimension"], embedding["chunks"]) == ("embedding", 384, 1)
    mood = entry["enrichments"]["mood"]["result"]
    assert (mood["kind"], mood["method"]) == ("mood", "prototypes")
    assert mood["valence"] > 0
    assert 0 <= mood["arousal"] <= 1
    assert 0 <= mood["confidence"] <= 1
    for result in (embedding, mood):
        provenance = result["provenance"]
        assert provenance["model"].startswith(MODEL)
        assert len(provenance["model_digest"].removeprefix("sha256:")) == 64
        assert provenance["prompt_tokens"] > 0
        assert provenance["inference_ms"] > 0
        assert provenance["truncated"] is False
    assert mood["provenance"]["prompt_version"]

    best = journal.search("the baby learned to walk")[0]
    assert (best["entry_id"], best["revision"], best["tags"]) == (entry["id"], 1, ["family"])
    assert best["snippet"] == entry["body"]


def test_a_revised_entry_is_found_by_its_new_words_alone(journal):
    posted = journal.post("We repaired the roof of the old barn before the storm.")
    journal.done(posted["id"])
    first = journal.get(posted["id"])
    old_score = journal.search("fixing a barn roof", mode="dense")[0]["score"]

    draft = {"body": "The violin concert in the cathedral moved me to tears."}
    put = journal.request("PUT", f"/entries/{posted['id']}", json=draft, headers={"If-Match": first.headers["ETag"]})
    assert put.status_code == 200
    assert put.json()["revision"] == 2
    again = journal.request("PUT", f"/entries/{posted['id']}", json=draft, headers={"If-Match": first.headers["ETag"]})
    assert again.status_code == 412

    journal.done(posted["id"], revision=2)

    (hit,) = journal.search("classical music in a church")
    assert (hit["revision"], hit["snippet"]) == (2, draft["body"])
    # One entry stands in this journal: any question finds it. What must be gone is the old passage.
    (stale,) = journal.search("fixing a barn roof", mode="dense")
    assert stale["revision"] == 2
    assert stale["score"] < old_score / 2


def test_a_long_entry_is_found_by_a_sentence_from_its_middle(journal):
    filler = random.Random(7)
    words = ["the", "day", "went", "on", "with", "work", "and", "tea", "while", "it", "rained", "outside"]
    sentences = [" ".join(filler.choices(words, k=12)).capitalize() + "." for _ in range(500)]
    needle = "Grandmother's recipe for plum dumplings was hidden inside the piano."
    sentences.insert(250, needle)
    other = journal.post("We ate plum cake at the station.")
    long = journal.post(" ".join(sentences))
    assert len(long["body"].split()) > 6000
    journal.done(other["id"])

    entry = journal.done(long["id"])

    result = entry["enrichments"]["embedding"]["result"]
    assert result["chunks"] > 10
    assert result["provenance"]["truncated"] is False
    whole, *_ = [hit for hit in journal.search(needle) if hit["entry_id"] == long["id"]]
    # The passage shown is the one that matched: not the entry's beginning.
    assert not entry["body"].startswith(whole["snippet"][:100])


def test_an_entry_in_another_script_is_enriched_and_found(journal):
    journal.done(journal.post("Am Abend haben wir zu dritt in der Küche gesungen.")["id"])
    other = journal.post("今日は母と一緒に桜を見に行きました。🌸")
    entry = journal.done(other["id"])

    best = journal.search("今日は母と一緒に桜を見に行きました")[0]

    assert best["entry_id"] == entry["id"]
    assert best["snippet"] == "今日は母と一緒に桜を見に行きました。🌸"
