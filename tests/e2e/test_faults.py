"""What breaks is mended: no entry is lost and none is doubled, whatever is killed while entries are in work."""

import httpx
import pytest

from contracts.topology import EVENT_STREAM
from support.eventually import wait_until

SUBJECTS = ("roses", "trains", "soup", "snow", "chess", "rivers", "letters", "candles", "bread", "maps", "owls", "rain")


@pytest.mark.parametrize("victim", ["enrichment-worker", "gateway", "nats", "postgres", "qdrant", "models"])
def test_a_burst_survives_a_kill(stack, journal, victim):
    models = stack.part("models").process
    first, *others = [f"Today I thought about {subject} for an hour." for subject in SUBJECTS]
    posted = [journal.post(first)["id"]]
    journal.done(posted[0])
    # The model server holds still, so that the others are surely in work when the blow comes.
    models.pause()
    try:
        posted += [journal.post(body)["id"] for body in others]
        wait_until(lambda: _tasks_in_hand(stack) > 0)
        stack.kill(victim)
    finally:
        models.resume()
    stack.start_again(victim)

    wait_until(lambda: _is_ready(stack), within_s=30)
    for entry_id in posted:
        journal.done(entry_id)
    assert sorted(entry["id"] for entry in journal.listed()) == sorted(posted)
    hits = journal.search("what I thought about today", limit=50)
    assert sorted(hit["entry_id"] for hit in hits) == sorted(posted)


def test_entries_are_taken_while_the_model_server_is_away(stack, journal):
    stack.part("models").process.stop()
    wait_until(lambda: _readiness(stack)["status"] == "degraded")
    assert _readiness(stack)["dependencies"]["ollama"]["status"] == "down"

    posted = journal.post("The mountain hut was closed, so we slept under the stars.")
    by_words = journal.request("POST", "/search", json={"query": "mountain hut"})
    refused = journal.request("POST", "/search", json={"query": "sleeping outdoors", "mode": "dense"})

    assert _states(journal.get(posted["id"]).json()) == {"pending"}
    assert by_words.json()["degraded"] == "model_unavailable"
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"

    stack.start_again("models")
    journal.done(posted["id"])
    assert journal.ids_found("sleeping outdoors") == [posted["id"]]
    assert _readiness(stack)["status"] == "ready"


def _states(entry):
    return {enrichment["state"] for enrichment in entry["enrichments"].values()}


def _readiness(stack):
    answer = httpx.get(f"{stack.gateway_url}/readyz", timeout=10, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _is_ready(stack):
    answer = httpx.get(f"{stack.gateway_url}/readyz", timeout=10, trust_env=False)
    return answer.status_code == 200 and answer.json()["status"] == "ready"


def _tasks_in_hand(stack):
    """Tasks that a worker has taken from NATS and not settled."""
    answer = httpx.get(f"{stack.monitor_url}/jsz", params={"consumers": "true"}, timeout=10, trust_env=False)
    streams = [stream for account in answer.json()["account_details"] for stream in account["stream_detail"]]
    return sum(
        consumer["num_ack_pending"]
        for stream in streams
        if stream["name"] != EVENT_STREAM
        for consumer in stream.get("consumer_detail") or ()
    )
