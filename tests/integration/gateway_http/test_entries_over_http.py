"""What a client sees of entries."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx

from support.http_gateway import HttpGateway

DRAFT = {
    "body": "Rain all day. Baked bread with Nora.",
    "written_at": "2026-03-02T21:15:00+01:00",
    "tags": ["home", "bread"],
    "metadata": {"app": "notes", "words": 7},
}


def test_a_created_entry_is_found_at_its_location(writer: httpx.Client, entries: str) -> None:
    created = writer.post(entries, json=DRAFT)
    assert created.status_code == 201
    assert created.headers["location"] == f"{entries}/{created.json()['id']}"
    assert created.json()["revision"] == 1
    assert created.json()["enrichments"]["mood"]["state"] == "pending"
    found = writer.get(created.headers["location"])
    assert found.json() == created.json()
    assert found.headers["etag"] == created.headers["etag"]
    assert found.headers["content-type"] == "application/json"
    assert {name: found.json()[name] for name in DRAFT} == DRAFT, "the writer's time zone is kept"


def test_a_repeated_request_with_its_idempotency_key_makes_no_second_entry(writer: httpx.Client, entries: str) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    first = writer.post(entries, json=DRAFT, headers=headers)
    again = writer.post(entries, json=DRAFT, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    other = writer.post(entries, json={**DRAFT, "body": "Something else"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:daybook:problem:idempotency-mismatch")
    assert len(writer.get(entries).json()["entries"]) == 1


def test_of_many_requests_at_once_with_one_idempotency_key_one_makes_the_entry(
    writer: httpx.Client, entries: str
) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: writer.post(entries, json=DRAFT, headers=headers), range(16)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 409)
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert len(writer.get(entries).json()["entries"]) == 1


def test_an_idempotency_key_must_be_usable(writer: httpx.Client, entries: str) -> None:
    answer = writer.post(entries, json=DRAFT, headers={"Idempotency-Key": "x" * 256})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:daybook:problem:idempotency-key-invalid")


def test_a_known_entry_is_not_sent_again(writer: httpx.Client, entries: str) -> None:
    created = writer.post(entries, json=DRAFT)
    location, tag = created.headers["location"], created.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = writer.get(location, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert writer.get(location, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_entity_tag_changes_when_an_enrichment_does(writer: httpx.Client, entries: str) -> None:
    created = writer.post(entries, json=DRAFT)
    location = created.headers["location"]
    assert writer.post(f"{location}/reprocess", json={"kinds": ["mood"]}).status_code == 202
    waiting = writer.get(location, headers={"If-None-Match": created.headers["etag"]})
    assert waiting.status_code == 200
    assert waiting.json()["revision"] == 1
    edit = writer.put(location, json=DRAFT, headers={"If-Match": created.headers["etag"]})
    assert edit.status_code == 200, "an edit is held up by other edits only"


def test_an_entry_is_replaced_by_who_knows_its_revision(writer: httpx.Client, entries: str) -> None:
    created = writer.post(entries, json=DRAFT)
    location, tag = created.headers["location"], created.headers["etag"]
    draft = {"body": "Sun at last."}
    blind = writer.put(location, json=draft)
    assert (blind.status_code, blind.json()["type"]) == (428, "urn:daybook:problem:precondition-required")
    assert writer.put(location, json=draft, headers={"If-Match": "*"}).status_code == 428
    replaced = writer.put(location, json=draft, headers={"If-Match": tag})
    assert replaced.status_code == 200
    assert (replaced.json()["revision"], replaced.json()["tags"]) == (2, [])
    assert replaced.json()["written_at"] == DRAFT["written_at"]
    for stale in (tag, '"1"', 'W/"2"', '"2', "2", '"1", "2"', '"\u00ff"'):
        late = writer.put(location, json=draft, headers={"If-Match": stale.encode("latin-1")})
        assert (late.status_code, late.json()["type"]) == (412, "urn:daybook:problem:revision-mismatch"), stale
    assert writer.put(location, json=draft, headers={"If-Match": '"2"'}).json()["revision"] == 3


def test_an_erased_entry_is_gone(writer: httpx.Client, entries: str) -> None:
    created = writer.post(entries, json=DRAFT)
    location = created.headers["location"]
    assert writer.delete(location, headers={"If-Match": '"7"'}).status_code == 412
    erased = writer.delete(location, headers={"If-Match": created.headers["etag"]})
    assert (erased.status_code, erased.content) == (204, b"")
    for answer in (
        writer.get(location),
        writer.delete(location),
        writer.put(location, json=DRAFT, headers={"If-Match": '"1"'}),
        writer.post(f"{location}/reprocess"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:daybook:problem:entry-not-found")


def test_pages_follow_one_another_by_link_and_miss_nothing(writer: httpx.Client, entries: str) -> None:
    for hour in range(7):
        draft = {"body": f"Entry {hour}", "written_at": f"2026-03-02T{hour:02}:00:00Z", "tags": ["a b&c", "x"]}
        assert writer.post(entries, json=draft).status_code == 201
    writer.post(entries, json={"body": "Other", "written_at": "2026-03-02T03:30:00Z"})
    parameters = {"limit": 2, "tag": ["a b&c", "x"], "from": "2026-03-02T01:00:00Z", "to": "2026-03-02T07:00:00+01:00"}
    page, seen = writer.get(entries, params=parameters), []
    while True:
        seen += [entry["body"] for entry in page.json()["entries"]]
        if "next" not in page.links:
            break
        assert page.json()["next_cursor"] is not None
        page = writer.get(page.links["next"]["url"])
    assert seen == ["Entry 5", "Entry 4", "Entry 3", "Entry 2", "Entry 1"]
    assert page.json()["next_cursor"] is None


def test_a_wrong_query_is_told_by_its_parameter(writer: httpx.Client, entries: str) -> None:
    for query, pointer in (
        ("limit=0", "/query/limit"),
        ("limit=101", "/query/limit"),
        ("limit=x", "/query/limit"),
        ("from=2026-03-02", "/query/from"),
        ("from=2026-03-02T00:00:00", "/query/from"),
        ("from=1", "/query/from"),
        ("to=0001-01-01T00:00:00%2B14:00", "/query/to"),
        ("tag=%00", "/query/tag/0"),
        ("tag=", "/query/tag/0"),
        ("tags=home", "/query/tags"),
    ):
        answer = writer.get(f"{entries}?{query}")
        assert answer.status_code == 422, query
        assert answer.json()["type"] == "urn:daybook:problem:request-invalid"
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], query
    for cursor in ("nonsense", "%00", "a" * 500, "W10", "eyJhIjoxfQ"):
        answer = writer.get(f"{entries}?cursor={cursor}")
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:daybook:problem:cursor-invalid"), cursor


def test_a_journal_and_its_entries_can_be_enriched_again_and_erased(writer: httpx.Client, entries: str) -> None:
    journal = entries.removesuffix("/entries")
    location = writer.post(entries, json=DRAFT).headers["location"]
    writer.post(entries, json=DRAFT)
    one = writer.post(f"{location}/reprocess")
    assert (one.status_code, one.headers["location"]) == (202, location)
    everything = writer.post(f"{journal}/reprocess", json={"kinds": ["embedding"]})
    assert (everything.status_code, everything.json()) == (202, {"entries": 2})
    assert writer.post(f"{journal}/reprocess", json={"kinds": ["horoscope"]}).status_code == 422
    assert writer.put(journal).status_code == 200
    assert writer.delete(journal).status_code == 204
    for answer in (writer.get(entries), writer.delete(journal), writer.get(location)):
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:daybook:problem:journal-not-found")


def test_a_journal_has_a_name_that_can_stand_in_addresses(gateway: HttpGateway, writer: httpx.Client) -> None:
    for name in ("Diary", "-x", "a" * 64, "a%00b", "a_b", "%20", "%C3%A4"):
        answer = writer.put(f"/v1/journals/{name}")
        assert answer.status_code == 422, name
        assert answer.json()["errors"][0]["pointer"] == "/path/journal"


def test_a_key_sees_its_own_journals_and_no_others(gateway: HttpGateway, writer: httpx.Client, journal: str) -> None:
    writer.put("/v1/journals/zz-private")
    names = [found["name"] for found in writer.get("/v1/journals").json()["journals"]]
    assert names == sorted(names)
    assert {journal, "zz-private"} <= set(names)
    with gateway.client("read", journals=[journal, "not-made-yet"]) as guest:
        assert [found["name"] for found in guest.get("/v1/journals").json()["journals"]] == [journal]
    with gateway.client("enrich") as worker:
        assert worker.get("/v1/journals").status_code == 403


def test_an_entry_that_speaks_of_suicide_comes_with_a_plain_text_and_its_reflection_is_withheld(
    writer: httpx.Client, entries: str
) -> None:
    created = writer.post(entries, json={**DRAFT, "body": "They would be better off without me."})
    assert created.status_code == 201
    care = created.json()["care"]
    assert (care["kind"], care["locale"]) == ("suicide", "en")
    assert writer.get(created.headers["location"]).json()["care"] == care
    reflection = writer.post(f"{created.headers['location']}/reflection").json()
    assert (reflection["state"], reflection["notice"]) == ("withheld", care["text"])
