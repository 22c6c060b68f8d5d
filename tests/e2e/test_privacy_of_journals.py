"""Two people on one stack: neither can tell that the other's journal is there."""

import json
import secrets
from uuid import uuid4

import nats
import pytest

from devstack.permissions import CLIENT, inbox_of
from support.journal_client import JournalClient

BODY = "I told nobody that I applied for the job in Lisbon."


@pytest.fixture(scope="module")
def two_journals(stack):
    """Anna's and Ben's: the same words in both, and keys that may touch one each."""
    run = secrets.token_hex(3)
    names = [f"anna-{run}", f"ben-{run}"]
    keys = [stack.ensure_key(name, scopes="read,write,admin", journals=name) for name in names]
    with (
        JournalClient(stack.gateway_url, keys[0], names[0]) as anna,
        JournalClient(stack.gateway_url, keys[1], names[1]) as ben,
    ):
        for client in (anna, ben):
            client.make()
        yield anna, ben


def test_a_search_finds_the_own_journal_alone(two_journals):
    anna, ben = two_journals
    of_anna, of_ben = anna.post(BODY)["id"], ben.post(BODY)["id"]
    anna.done(of_anna)
    ben.done(of_ben)

    assert set(anna.ids_found("a secret application")) == {of_anna}
    assert set(ben.ids_found("a secret application")) == {of_ben}


def test_a_foreign_journal_answers_like_one_that_is_not_there(stack, two_journals):
    anna, ben = two_journals
    entry_id = anna.post(BODY)["id"]
    key = (stack.home.folder("keys") / ben.journal).read_text().strip()

    for method, path, body in _every_route(entry_id):
        answers = []
        for journal in (anna.journal, "nobody-made-this"):
            with JournalClient(stack.gateway_url, key, journal) as stranger:
                answers.append(stranger.request(method, path, json=body, headers={"If-Match": '"1"'}))
        foreign, absent = answers
        assert foreign.status_code == absent.status_code == 404, (method, path, foreign.text)
        assert foreign.json()["type"].endswith("journal-not-found")
        assert foreign.text.replace(anna.journal, "") == absent.text.replace("nobody-made-this", "")

    assert anna.get(entry_id).json()["body"] == BODY


def test_an_entry_is_not_found_through_another_journal(two_journals):
    anna, ben = two_journals
    entry_id = anna.post(BODY)["id"]

    foreign, absent = ben.get(entry_id), ben.get(str(uuid4()))

    assert foreign.status_code == absent.status_code == 404
    assert foreign.json()["type"] == absent.json()["type"]


def test_a_key_lists_its_own_journals(two_journals):
    anna, _ben = two_journals

    assert anna.journals() == [anna.journal]


async def test_the_nats_api_hides_foreign_journals_too(stack, two_journals):
    anna, ben = two_journals
    entry_id = anna.post(BODY)["id"]
    key = (stack.home.folder("keys") / ben.journal).read_text().strip()
    requests = [
        ("daybook.v1.api.entries.get", {"journal": anna.journal, "entry_id": entry_id}),
        ("daybook.v1.api.entries.create", {"journal": anna.journal, "entry": {"body": "I was here."}}),
        ("daybook.v1.api.search", {"journal": anna.journal, "search": {"query": "a secret"}}),
        ("daybook.v1.api.entries.similar", {"journal": anna.journal, "entry_id": entry_id}),
    ]
    client = await nats.connect(stack.nats_url, inbox_prefix=inbox_of(CLIENT))
    try:
        for subject, request in requests:
            reply = await client.request(
                subject, json.dumps(request).encode(), headers={"Authorization": f"Bearer {key}"}, timeout=10
            )
            problem = json.loads(reply.data)["problem"]
            assert problem["status"] == 404, subject
            assert problem["type"].endswith(":journal-not-found"), subject
    finally:
        await client.close()


def _every_route(entry_id):
    entry = f"/entries/{entry_id}"
    draft = {"body": "Mine now."}
    return [
        ("PUT", "", None),
        ("POST", "/reprocess", None),
        ("POST", "/search", {"query": "a secret"}),
        ("GET", "/entries", None),
        ("POST", "/entries", draft),
        ("GET", entry, None),
        ("GET", f"{entry}/similar", None),
        ("PUT", entry, draft),
        ("POST", f"{entry}/reprocess", None),
        ("DELETE", entry, None),
        ("DELETE", "", None),
    ]
