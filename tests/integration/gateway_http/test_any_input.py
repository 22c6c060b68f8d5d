"""Whatever comes: no answer is a fault of ours, every refusal is a problem, what is accepted comes back unchanged."""

import json
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

import httpx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.entries import BODY_MAX_BYTES
from contracts.moments import MOMENT_MIN

LIMITS = settings(max_examples=80, deadline=None)
SOME_ID = "018f0000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def fuzzed(writer: httpx.Client) -> httpx.Client:
    make_journal(writer)
    return writer


def make_journal(client: httpx.Client) -> None:
    """One of the inputs may have been a way to spell its erasure."""
    assert client.put("/v1/journals/fuzz").status_code in {200, 201}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
moments = st.datetimes().map(lambda moment: moment.isoformat() + "Z") | st.datetimes().map(datetime.isoformat)
fields = {
    "body": st.text(max_size=50) | json_values,
    "written_at": moments | json_values,
    "tags": st.lists(st.text(max_size=5), max_size=4) | json_values,
    "metadata": st.dictionaries(st.text(max_size=5), json_values, max_size=3) | json_values,
    "query": st.text(max_size=50) | json_values,
    "limit": st.integers() | json_values,
    "written_from": moments | json_values,
    "mood": st.fixed_dictionaries({}, optional={"valence": st.floats(), "word": st.text(max_size=5)}) | json_values,
    "kinds": st.lists(st.sampled_from(["mood", "embedding", "x"]), max_size=3) | json_values,
}
bodies = (
    st.binary(max_size=60)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries({}, optional=fields).map(lambda value: json.dumps(value).encode())
)
steps = st.text(max_size=10) | st.sampled_from(["\x00", "..", SOME_ID, "a/b", "%", "?"])
addresses = st.builds(
    lambda shape, step: shape.replace("*", quote(step, safe="")),
    st.sampled_from(
        [
            "/*",
            "/v1/journals/*",
            "/v1/journals/*/entries",
            "/v1/journals/fuzz/entries",
            "/v1/journals/fuzz/entries/*",
            f"/v1/journals/fuzz/entries/{SOME_ID}/*",
            "/v1/journals/fuzz/*",
            "/v1/journals/fuzz/search",
            "/v1/journals/fuzz/moods",
            "/v1/journals/fuzz/reprocess",
        ]
    ),
    steps,
)
queries = st.dictionaries(
    st.sampled_from(["limit", "cursor", "from", "to", "tag", "x", "bucket", "time_zone"]),
    st.text(max_size=12) | moments | st.dates().map(str) | st.sampled_from(["week", "localtime", "EST5EDT"]),
    max_size=3,
)
header_values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=300)
headers = st.fixed_dictionaries(
    {"Content-Type": st.just("application/json") | header_values},
    optional={
        "If-Match": header_values | st.just('"1"'),
        "If-None-Match": header_values,
        "Idempotency-Key": header_values,
        "X-Request-ID": header_values,
        "Accept": header_values,
    },
)


@LIMITS
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]),
    address=addresses,
    query=queries,
    sent=headers,
    body=bodies,
)
def test_no_input_is_answered_by_a_fault(
    fuzzed: httpx.Client, method: str, address: str, query: dict[str, str], sent: dict[str, str], body: bytes
) -> None:
    # Hypothesis takes words from the source for texts.
    assume((method, address) != ("DELETE", "/v1/journals/fuzz"))
    answer = fuzzed.request(method, address, params=query, headers=sent, content=body)
    assert answer.status_code < 500
    if answer.status_code >= 400 and method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


@LIMITS
@given(body=bodies)
def test_no_body_is_answered_by_a_fault(fuzzed: httpx.Client, body: bytes) -> None:
    make_journal(fuzzed)
    for address in ("/v1/journals/fuzz/entries", "/v1/journals/fuzz/search", "/v1/journals/fuzz/reprocess"):
        answer = fuzzed.post(address, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {200, 201, 202, 400, 422}


storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=200)
drafts = st.fixed_dictionaries(
    {
        "body": storable.filter(lambda text: text.strip() and len(text.encode()) <= BODY_MAX_BYTES),
        "written_at": st.datetimes(
            MOMENT_MIN.replace(tzinfo=None) + timedelta(days=1),
            datetime.now(UTC).replace(tzinfo=None),
            timezones=st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
        ),
        "metadata": st.dictionaries(
            storable.map(lambda text: text[:10]),
            st.none() | st.booleans() | st.integers(-(2**70), 2**70) | storable.map(lambda text: text[:40]),
            max_size=4,
        ),
    }
)


@LIMITS
@given(draft=drafts)
def test_what_is_accepted_comes_back_as_it_was(fuzzed: httpx.Client, draft: dict) -> None:
    make_journal(fuzzed)
    sent = {**draft, "written_at": draft["written_at"].isoformat()}
    created = fuzzed.post("/v1/journals/fuzz/entries", json=sent)
    assert created.status_code == 201, created.text
    found = fuzzed.get(created.headers["location"]).json()
    assert found["body"] == draft["body"]
    assert found["metadata"] == draft["metadata"]
    assert datetime.fromisoformat(found["written_at"]) == draft["written_at"]
    assert datetime.fromisoformat(found["written_at"]).utcoffset() == draft["written_at"].utcoffset()
