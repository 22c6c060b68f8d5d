"""What a browser is told about web pages that come from elsewhere: as it asks, and by what it goes."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from httpx_sse import connect_sse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from contracts.identifiers import new_id
from contracts.live import ReflectionFrame
from support.http_gateway import HttpGateway

PAGE = "https://notes.example"
STRANGE = "https://notes.example.evil.example"
NEEDED = {"authorization", "content-type", "if-match", "idempotency-key", "last-event-id"}


@pytest.fixture(scope="module")
def open_gateway(http_database: str) -> Iterator[HttpGateway]:
    with HttpGateway(http_database, cors_origins=[PAGE, "http://localhost:5173"]) as server:
        yield server


@pytest.fixture(scope="module")
def page(open_gateway: HttpGateway) -> Iterator[httpx.Client]:
    """As the browser asks for a page of a known origin."""
    with open_gateway.client("read", "write", "admin") as client:
        client.headers["Origin"] = PAGE
        yield client


@pytest.fixture
def diary(page: httpx.Client) -> str:
    address = f"/v1/journals/c-{uuid4().hex[:12]}"
    assert page.put(address).status_code == 201
    return f"{address}/entries"


def preflight(gateway: HttpGateway, address: str, origin: str, method: str = "PUT") -> httpx.Response:
    """Without a key, which a browser never sends with it."""
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ",".join(sorted(NEEDED)),
    }
    return httpx.options(f"{gateway.url}{address}", headers=asked, trust_env=False)


def cors(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def split(value: str) -> set[str]:
    return {part.strip().lower() for part in value.split(",")}


@pytest.mark.parametrize("address", ["/v1/journals/me/entries/x", "/v1/journals/me/settings", "/nowhere"])
def test_a_preflight_lets_a_known_page_send_a_key_and_all_the_api_reads(
    open_gateway: HttpGateway, address: str
) -> None:
    answer = preflight(open_gateway, address, PAGE)
    assert (answer.status_code, answer.content) == (204, b"")
    said = cors(answer)
    assert said["access-control-allow-origin"] == PAGE
    assert split(said["access-control-allow-headers"]) >= NEEDED
    assert split(said["access-control-allow-methods"]) == {"delete", "get", "head", "patch", "post", "put"}
    assert "access-control-allow-credentials" not in said
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", [STRANGE, "null", "http://localhost", "HTTPS://NOTES.EXAMPLE", "*"])
def test_a_page_that_nobody_named_is_not_let_in(open_gateway: HttpGateway, page: httpx.Client, origin: str) -> None:
    assert cors(preflight(open_gateway, "/v1/journals/me/entries", origin)) == {}
    answer = page.get("/v1/journals", headers={"Origin": origin})
    assert cors(answer) == {}
    assert answer.headers["vary"] == "Origin", "an answer that was kept is not for another origin"


def test_without_the_setting_no_origin_is_let_in(gateway: HttpGateway) -> None:
    assert cors(preflight(gateway, "/v1/journals/me/entries", PAGE)) == {}
    answer = httpx.get(f"{gateway.url}/healthz", headers={"Origin": PAGE}, trust_env=False)
    assert cors(answer) == {}
    assert "vary" not in answer.headers


def test_a_page_may_read_what_it_needs_of_answers_problems_and_faults(
    open_gateway: HttpGateway, page: httpx.Client, diary: str
) -> None:
    created = page.post(diary, json={"body": "Rain."})
    assert {"etag", "location"} <= set(created.headers)
    replaced = page.put(created.headers["location"], json={"body": "x"}, headers={"If-Match": '"9"'})
    assert replaced.status_code == 412
    open_gateway.finder.fault = RuntimeError("broken")
    try:
        fault = page.post(diary.replace("/entries", "/search"), json={"query": "rain"})
    finally:
        open_gateway.finder.fault = None
    assert fault.status_code == 500
    early = page.get(f"{created.headers['location']}/similar")
    assert (early.status_code, early.headers["retry-after"]) == (409, "5")
    for answer in (created, replaced, fault, early, page.get("/nowhere"), page.post(diary, content=b"x" * 2_000_000)):
        said = cors(answer)
        assert said["access-control-allow-origin"] == PAGE, answer.status_code
        assert split(said["access-control-expose-headers"]) >= {"etag", "location", "retry-after", "link"}


def test_a_page_may_follow_server_sent_events(page: httpx.Client, diary: str) -> None:
    address = _reflection_of(page, diary)
    with connect_sse(page, "GET", f"{address}/live") as source:
        assert cors(source.response)["access-control-allow-origin"] == PAGE
        assert source.response.headers["content-type"].startswith("text/event-stream")


def test_a_websocket_is_for_known_pages_the_gateways_own_and_programs_that_are_no_browser(
    open_gateway: HttpGateway, page: httpx.Client, diary: str
) -> None:
    address = _reflection_of(page, diary)
    # Else nothing is said for two seconds.
    journal, _, entry_id = address.removeprefix("/v1/journals/").removesuffix("/reflection").partition("/entries/")
    open_gateway.hear(
        ReflectionFrame(
            journal=journal, entry_id=UUID(entry_id), version=1, run=new_id(), state="writing", text="You walked"
        )
    )
    for origin in (PAGE, open_gateway.url, None):
        with _opened(open_gateway, page, f"{address}/live", origin) as socket:
            assert "You walked" in str(socket.recv(timeout=20))
    for origin in (STRANGE, "null", f"{open_gateway.url}0"):
        with pytest.raises(InvalidStatus) as refused, _opened(open_gateway, page, f"{address}/live", origin):
            pass
        assert refused.value.response.status_code == 403
        assert b"urn:daybook:problem:origin-not-allowed" in refused.value.response.body
        assert b"GATEWAY_CORS_ORIGINS" in refused.value.response.body


def _reflection_of(page: httpx.Client, diary: str) -> str:
    entry = page.post(diary, json={"body": "Rain."}).headers["location"]
    assert page.post(f"{entry}/reflection").status_code == 202
    return f"{entry}/reflection"


def _opened(gateway: HttpGateway, page: httpx.Client, address: str, origin: str | None) -> ClientConnection:
    headers: dict[str, Any] = {"Authorization": page.headers["authorization"]}
    return connect(
        f"ws://127.0.0.1:{gateway.port}{address}",
        origin=origin,  # type: ignore[arg-type]
        additional_headers=headers,
        proxy=None,
        open_timeout=20,
    )
