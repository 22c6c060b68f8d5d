"""Requests that go to the transport directly are those that a client of httpx would have sent."""

from typing import Any

import httpx
import pytest

from ollama_client._server import Server

BASES = [
    "http://127.0.0.1:11434",
    "http://127.0.0.1:11434/",
    "https://models.home/ollama",
    "https://models.home:8443/ollama/",
    "http://[::1]:11434",
    "http://ann:s3cret%40@10.0.0.2",
    "http://ann@10.0.0.2",
]
PAYLOADS: list[dict[str, Any] | None] = [None, {}, {"model": "m", "input": ["Grüße, 世界"], "truncate": False}]


def sent_by_httpx(base_url: str, method: str, path: str, payload: dict[str, Any] | None) -> httpx.Request:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    transport = httpx.MockTransport(answer)
    timeout = httpx.Timeout(None, connect=5.0)
    with httpx.Client(base_url=base_url, transport=transport, trust_env=False, timeout=timeout) as client:
        client.request(method, path, json=payload)
    return seen[0]


@pytest.mark.parametrize("payload", PAYLOADS, ids=["nothing", "empty", "text"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("base_url", BASES)
def test_a_request_is_the_one_that_httpx_would_send(base_url: str, method: str, payload: dict[str, Any] | None) -> None:
    wanted = sent_by_httpx(base_url, method, "/api/embed", payload)
    server = Server(base_url, 5.0)
    for _ in range(2):  # the second is made from kept parts
        made = server.request(method, "/api/embed", payload)
        assert (made.method, made.url, made.content) == (wanted.method, wanted.url, wanted.content)
        assert sorted(made.headers.raw) == sorted(wanted.headers.raw)
        assert made.extensions == wanted.extensions


@pytest.mark.parametrize("payload", [{"text": "\ud800"}, {"number": float("nan")}, {"thing": object()}])
def test_what_is_no_json_is_refused_before_anything_is_sent(payload: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Server("http://127.0.0.1:11434", 5.0).request("POST", "/api/embed", payload)
