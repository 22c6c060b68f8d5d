"""What holds for every answer."""

import json
import logging
import re
from uuid import UUID

import httpx
import pytest
import structlog

from contracts.search import SearchQuery
from entry_index import EntryHit
from gateway.domain.errors import ModelUnavailable, SearchUnavailable
from support.enrichment import until
from support.http_gateway import HttpGateway
from support.raw_http import RawConnection

PROBLEM = "urn:daybook:problem:"


def test_an_unknown_address_is_a_problem(writer: httpx.Client, entries: str) -> None:
    for address in ("/", "/v2", "/v1/journals/", f"{entries}/", "/docs/../etc", "/%00", "/v1/journals/a/b/c/d"):
        answer = writer.get(address)
        assert (answer.status_code, answer.json()["type"]) == (404, f"{PROBLEM}route-not-found"), address
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_method_is_told_all_that_the_address_takes(writer: httpx.Client, entries: str) -> None:
    for address, allow in (
        (entries, "GET, HEAD, OPTIONS, POST"),
        (f"{entries}/018f0000-0000-7000-8000-000000000000", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("/healthz", "GET, HEAD, OPTIONS"),
    ):
        answer = writer.patch(address)
        assert (answer.status_code, answer.json()["type"]) == (405, f"{PROBLEM}method-not-allowed")
        assert answer.headers["allow"] == allow
        asked = writer.options(address)
        assert (asked.status_code, asked.headers["allow"], asked.content) == (204, allow, b"")
        assert not [name for name in asked.headers if name.startswith("access-control-")], "no browser is let in"
    settings = entries.replace("/entries", "/settings")
    assert "PATCH" in writer.options(settings).headers["allow"].split(", ")
    assert writer.request("BREW", "/healthz").status_code == 405


def test_head_is_get_without_the_body(gateway: HttpGateway, writer: httpx.Client, entries: str) -> None:
    location = writer.post(entries, json={"body": "x"}).headers["location"]
    got = writer.get(location)
    headed = writer.head(location)
    assert headed.status_code == 200
    assert headed.content == b""
    assert {name: headed.headers[name] for name in ("etag", "content-length", "content-type")} == {
        name: got.headers[name] for name in ("etag", "content-length", "content-type")
    }
    with RawConnection(gateway.port) as connection:
        for _ in range(2):  # A body that came all the same would be taken for the next answer.
            connection.send_head("HEAD", "/healthz", {})
            assert connection.answer("HEAD").status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Basic dXNlcjpwYXNz",
        "Bearer dbk_00000000_" + "a" * 43,
        "Bearer dbk_short",
        "Bearer " + "x" * 5000,
        "Bearer dbk_00000000_" + "\u00e4" * 43,
        "{wrong secret}",
        "{cut}",
    ],
)
def test_a_key_that_is_not_known_is_refused_before_anything_else(
    gateway: HttpGateway, entries: str, authorization: str | None
) -> None:
    key = gateway.new_key("read", "write")
    filled = {"{wrong secret}": f"Bearer {key[:-1]}{'A' if key[-1] != 'A' else 'B'}", "{cut}": f"Bearer {key[:-1]}"}
    authorization = filled.get(authorization or "", authorization)
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    with httpx.Client(base_url=gateway.url, trust_env=False) as client:
        for answer in (
            client.post(entries, content=b"not json", headers=headers),
            client.get(f"{entries}/not-an-id", headers=headers),
            client.get(f"{entries}?limit=x", headers=headers),
        ):
            assert (answer.status_code, answer.json()["type"]) == (401, f"{PROBLEM}key-invalid")
            assert answer.headers["www-authenticate"] == 'Bearer realm="daybook"'


def test_a_known_key_is_taken_whatever_the_case_of_the_scheme(gateway: HttpGateway, entries: str) -> None:
    with gateway.client() as client:
        answer = client.get(entries, headers={"Authorization": f"bearer  {gateway.new_key('read')}"})
        assert answer.status_code == 200


def test_a_foreign_journal_is_as_one_that_is_not_there(
    gateway: HttpGateway, writer: httpx.Client, journal: str
) -> None:
    location = writer.post(f"/v1/journals/{journal}/entries", json={"body": "x"}).headers["location"]
    absent = location.replace(journal, "nobodys")
    with gateway.client("read", "write", "admin", journals=["mine"]) as stranger:
        for address in (location, absent):
            answers = [
                stranger.get(address),
                stranger.delete(address),
                stranger.put(address, json={"body": "y"}, headers={"If-Match": '"1"'}),
                stranger.post(f"{address}/reprocess"),
                stranger.get(address.rpartition("/")[0]),
                stranger.post(address.rpartition("/")[0], json={"body": "y"}),
                stranger.post(address.rpartition("/entries")[0] + "/search", json={"query": "x"}),
                stranger.put(address.rpartition("/entries")[0]),
                stranger.delete(address.rpartition("/entries")[0]),
                stranger.post(address.rpartition("/entries")[0] + "/reprocess"),
            ]
            found = {(answer.status_code, answer.json()["type"], answer.json()["title"]) for answer in answers}
            assert found == {(404, f"{PROBLEM}journal-not-found", "There is no such journal")}
    assert writer.get(location).status_code == 200


def test_an_entry_of_another_journal_is_not_found_through_ones_own(gateway: HttpGateway, writer: httpx.Client) -> None:
    for name in ("theirs", "mine"):
        writer.put(f"/v1/journals/{name}")
    location = writer.post("/v1/journals/theirs/entries", json={"body": "x"}).headers["location"]
    with gateway.client("read", "write", journals=["mine"]) as stranger:
        answer = stranger.get(location.replace("theirs", "mine"))
        assert (answer.status_code, answer.json()["type"]) == (404, f"{PROBLEM}entry-not-found")


def test_a_key_does_only_what_its_scopes_say(gateway: HttpGateway, writer: httpx.Client, entries: str) -> None:
    location = writer.post(entries, json={"body": "x"}).headers["location"]
    journal = entries.removesuffix("/entries")
    with gateway.client("read") as reader, gateway.client("write") as poster:
        refused = (
            reader.post(entries, json={"body": "x"}),
            reader.put(location, json={"body": "x"}, headers={"If-Match": '"1"'}),
            reader.delete(location),
            reader.post(f"{location}/reprocess"),
            poster.get(location),
            poster.get(entries),
            poster.post(f"{journal}/search", json={"query": "x"}),
            poster.delete(journal),
        )
        for answer in refused:
            assert (answer.status_code, answer.json()["type"]) == (403, f"{PROBLEM}scope-missing")
        assert reader.get(location).status_code == 200
        assert poster.post(entries, json={"body": "x"}).status_code == 201


def test_an_id_that_is_none_is_told_by_its_place(writer: httpx.Client, entries: str) -> None:
    answer = writer.get(f"{entries}/%00elderflower")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/path/entry_id")
    assert "elderflower" not in answer.text


def test_every_answer_is_named_and_kept_by_nobody(writer: httpx.Client, entries: str) -> None:
    chosen = writer.get(entries, headers={"X-Request-ID": "import-7.b_2"})
    assert chosen.headers["x-request-id"] == "import-7.b_2"
    for answer in (writer.get(entries), writer.get("/nowhere"), writer.get(entries, headers={"X-Request-ID": "a b"})):
        assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"])
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "server" not in answer.headers


def test_a_search_shows_the_passages_that_matched(gateway: HttpGateway, writer: httpx.Client, entries: str) -> None:
    created = writer.post(entries, json={"body": "Rain. Baked bread with Nora.", "tags": ["home"]}).json()
    hit = EntryHit(entry_id=UUID(created["id"]), revision=1, score=0.8, chunk=0, start_char=6, end_char=28)
    stale = EntryHit(entry_id=UUID(created["id"]), revision=9, score=0.9, chunk=0, start_char=0, end_char=5)
    search = entries.replace("/entries", "/search")
    gateway.finder.shelf = [stale, hit]
    try:
        answer = writer.post(search, json={"query": "baking"})
        assert answer.status_code == 200
        assert answer.json()["model"] == "test-model"
        (found,) = answer.json()["hits"]
        assert (found["entry_id"], found["score"], found["snippet"]) == (created["id"], 0.8, "Baked bread with Nora.")
        assert found["passage"] == {"start": 6, "end": 28}
        for fault, kind in (
            (ModelUnavailable("no answer"), "model-unavailable"),
            (SearchUnavailable("no answer"), "search-unavailable"),
        ):
            gateway.finder.fault = fault
            away = writer.post(search, json={"query": "baking"})
            assert (away.status_code, away.json()["type"]) == (503, PROBLEM + kind)
            assert away.headers["retry-after"] == "5"
        gateway.finder.shelf, gateway.finder.fault = [hit], None
        similar = f"{entries}/{created['id']}/similar"
        assert [one["snippet"] for one in writer.get(similar).json()["hits"]] == ["Baked bread with Nora."]
        gateway.finder.shelf = []
        early = writer.get(similar)
        assert (early.status_code, early.json()["type"]) == (409, PROBLEM + "entry-not-indexed")
        assert early.headers["retry-after"] == "5"
        assert writer.get(similar, params={"limit": 51}).status_code == 422
    finally:
        gateway.finder.shelf, gateway.finder.fault = [], None
    for query in (
        {"query": "x", "mode": "psychic"},
        {"query": "x", "moods": ["blue"]},
        {"query": "x", "valence_to": 2},
    ):
        assert writer.post(search, json=query).status_code == 422
    for query in ({"query": "x", "recency": {"half_life_days": 0}}, {"query": "x", "recency": {"days": 3}}):
        assert writer.post(search, json=query).status_code == 422
    for query in ({}, {"query": ""}, {"query": "\x00"}, {"query": "x", "limit": "5"}, {"query": "x", "limit": 51}):
        assert writer.post(search, json=query).status_code == 422
    assert writer.post("/v1/journals/nobodys/search", json={"query": "x"}).status_code == 404


def test_a_fault_of_ours_says_nothing_of_itself_and_nothing_of_the_entry(
    gateway: HttpGateway, writer: httpx.Client, entries: str
) -> None:
    gateway.finder.fault = RuntimeError("row (elderflower) is broken")
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    keep = Keep()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.JSONRenderer()],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    logging.getLogger().addHandler(keep)
    logging.getLogger("gateway").setLevel(logging.INFO)
    try:
        answer = writer.post(
            entries.replace("/entries", "/search") + "?debug=elderflower",
            json={"query": "elderflower"},
            headers={"X-Request-ID": "case-1"},
        )
        # The request is logged once it is answered.
        until(lambda: any('"http.request"' in line and "case-1" in line for line in lines))
    finally:
        gateway.finder.fault = None
        logging.getLogger().removeHandler(keep)
        logging.getLogger("gateway").setLevel(logging.NOTSET)
        structlog.reset_defaults()
    assert answer.status_code == 500
    assert answer.json() == {
        "type": f"{PROBLEM}internal",
        "title": "Something went wrong on our side",
        "status": 500,
        "detail": "",
    }
    assert not [line for line in lines if "elderflower" in line]
    told = [json.loads(line) for line in lines if line.startswith("{")]
    events = [event for event in told if event.get("correlation_id") == "case-1"]
    (failed,) = [event for event in events if event["event"] == "http.failed"]
    assert failed["error"] == "RuntimeError"
    assert any("http_gateway.py" in frame for frame in failed["frames"])
    (line,) = [event for event in events if event["event"] == "http.request"]
    assert line | {"duration_ms": 0} == {
        "event": "http.request",
        "correlation_id": "case-1",
        "method": "POST",
        "route": "/v1/journals/{journal}/search",
        "status": 500,
        "duration_ms": 0,
    }


def test_a_query_model_is_the_contracts_one(writer: httpx.Client) -> None:
    document = writer.get("/openapi.json").json()
    assert set(document["components"]["schemas"]["SearchQuery"]["properties"]) == set(SearchQuery.model_fields)
