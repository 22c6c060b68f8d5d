import json
import socket
import traceback

import pytest

from entry_index import (
    EntryIndex,
    IndexAccessDenied,
    IndexAnswerInvalid,
    IndexConfig,
    IndexFailed,
    IndexNotReady,
    IndexOverloaded,
    IndexRefused,
    IndexTimedOut,
    IndexUnreachable,
)
from support.entries import direction
from support.scripted_qdrant import ScriptedQdrant


@pytest.fixture
def qdrant():
    with ScriptedQdrant() as script:
        yield script


async def search(url, **config):
    async with EntryIndex(IndexConfig(url=url, **{"timeout_s": 5, **config})) as index:
        return await index.search("anna", direction(0), limit=3)


def shown(caught):
    """As a log would have it."""
    return "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [
        (400, IndexRefused, False),
        (401, IndexAccessDenied, False),
        (403, IndexAccessDenied, False),
        (404, IndexNotReady, True),
        (409, IndexRefused, False),
        (413, IndexRefused, False),
        (429, IndexRefused, False),
        (500, IndexFailed, True),
        (503, IndexFailed, True),
    ],
)
async def test_each_status_has_its_error(qdrant, status, error, retryable):
    qdrant.status, qdrant.body = status, json.dumps({"status": {"error": "the reason"}}).encode()
    with pytest.raises(error, match=str(status)) as caught:
        await search(qdrant.url)
    assert "the reason" in caught.value.answer
    assert "the reason" not in shown(caught)
    assert (caught.value.status, caught.value.retryable) == (status, retryable)


async def test_an_overloaded_server_says_when_to_come_back(qdrant):
    qdrant.status, qdrant.headers, qdrant.body = 429, {"Retry-After": "7"}, b'{"status": {"error": "slow down"}}'
    with pytest.raises(IndexOverloaded, match="7 s") as caught:
        await search(qdrant.url)
    assert "slow down" not in shown(caught)
    assert (caught.value.retry_after_s, caught.value.retryable) == (7, True)


@pytest.mark.parametrize("body", [b"<html>", b'{"result": {"groups": "<html>"}}', b""])
async def test_an_answer_that_is_not_understood_is_an_error_of_its_own(qdrant, body):
    qdrant.body = body
    with pytest.raises(IndexAnswerInvalid) as caught:
        await search(qdrant.url)
    assert not caught.value.retryable
    assert "<html>" not in shown(caught)


async def test_a_server_that_is_not_there_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(IndexUnreachable) as caught:
        await search(url)
    assert caught.value.retryable


async def test_a_connection_that_breaks_is_unreachable(qdrant):
    qdrant.hang_up = True
    with pytest.raises(IndexUnreachable) as caught:
        await search(qdrant.url)
    assert caught.value.__cause__ is not None


async def test_the_whole_call_has_one_deadline(qdrant):
    qdrant.may_answer.clear()
    with pytest.raises(IndexTimedOut) as caught:
        await search(qdrant.url, timeout_s=0.2)
    assert caught.value.retryable


async def test_the_api_key_is_sent_and_not_shown(qdrant):
    assert await search(qdrant.url, api_key="hidden") == []
    assert {name.lower(): value for name, value in qdrant.request_headers[0].items()}["api-key"] == "hidden"
    assert "hidden" not in repr(IndexConfig(url=qdrant.url, timeout_s=1, api_key="hidden"))


async def test_a_server_without_tls_is_no_https_server(qdrant):
    with pytest.raises(IndexUnreachable, match="SSL"):
        await search(qdrant.url.replace("http:", "https:"))
