"""Requests to one server, over connections that outlive event loops."""

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import httpx

from httpx_keepalive import KeepAliveTransport

#: Connections kept for later to one server.
MAX_IDLE = 16


@cache
def shared_transport() -> KeepAliveTransport:
    """One for the process: its connections go from one `asyncio.run()` to the next (ADR 0001)."""
    # The cap on connections is `Wire`'s: waiting for a place counts toward the total limit only.
    return KeepAliveTransport(limits=httpx.Limits(max_connections=None, max_keepalive_connections=MAX_IDLE))


class Server:
    """A client of httpx spends 0.1 ms a request on cookies, redirects, hooks and merging, none of which the API has.

    So a request goes to the transport directly, with the URL and headers that a client would have given it.
    """

    def __init__(self, base_url: str, connect_timeout_s: float) -> None:
        # Without the environment's proxies, which would take requests for localhost elsewhere. It never sends.
        self._client = httpx.AsyncClient(base_url=base_url, transport=shared_transport(), trust_env=False)
        self._models: dict[tuple[str, str], httpx.Request] = {}
        self._extensions = {"timeout": httpx.Timeout(None, connect=connect_timeout_s).as_dict()}

    def request(self, method: str, path: str, payload: Mapping[str, Any] | None = None) -> httpx.Request:
        """Raises: TypeError, ValueError: `payload` is no JSON."""
        model = self._models.get((method, path))
        if model is None:
            model = self._models[method, path] = self._model(method, path)
        headers, content = model.headers.raw, None
        if payload is not None:
            headers = [*headers, (b"Content-Type", b"application/json")]
            content = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        return httpx.Request(method, model.url, headers=headers, content=content, extensions=self._extensions)

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The answer's head; its body is still to be read, and the answer to be closed.

        Raises: httpx.TransportError.
        """
        return await shared_transport().handle_async_request(request)

    def _model(self, method: str, path: str) -> httpx.Request:
        """What a client makes of the path: under the base URL, and with the login that may be in it."""
        request = self._client.build_request(method, path)
        # Content's length is the real request's.
        request.headers.pop("Content-Length", None)
        if request.url.username or request.url.password:
            login = httpx.BasicAuth(request.url.username, request.url.password)
            request = next(login.sync_auth_flow(request))
        return request


@lru_cache(maxsize=8)
def shared_server(base_url: str, connect_timeout_s: float) -> Server:
    """Never closed: nothing of it belongs to a loop."""
    return Server(base_url, connect_timeout_s)
