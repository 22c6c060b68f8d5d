"""The one door to the server: sends a request, waits with a deadline in each phase, and maps every foreign error.

A deadline is set around each wait, never around a `yield`: the caller's own time counts toward the total only.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from ollama_client._config import OllamaConfig
from ollama_client._refusals import refusal
from ollama_client._server import Server
from ollama_client.errors import (
    BetweenTokensTimeout,
    ConnectTimeout,
    FirstTokenTimeout,
    PhaseTimeout,
    ProtocolViolation,
    StreamCut,
    TotalTimeout,
    Unreachable,
    UnsendableRequest,
)

T = TypeVar("T")


class Wire:
    """One server and the deadlines of a run."""

    def __init__(self, config: OllamaConfig, server: Server) -> None:
        self._config = config
        self._server = server
        self._places = asyncio.Semaphore(config.max_connections)

    async def exchange(self, method: str, path: str, payload: Mapping[str, Any] | None = None) -> bytes:
        """The whole body of a 2xx answer.

        Raises:
            OllamaError: see `errors`.
        """
        deadline_s = self._total_deadline()
        async with self._answer(method, path, payload, deadline_s) as response:
            return await self._wait(response.aread(), self._gap(), deadline_s, sent=0)

    @asynccontextmanager
    async def lines(self, path: str, payload: Mapping[str, Any]) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """The lines of an NDJSON answer. Leaving the block closes the connection, and the server stops generating.

        Raises:
            OllamaError: see `errors`; also from the iterator.
        """
        deadline_s = self._total_deadline()
        async with self._answer("POST", path, payload, deadline_s) as response:
            yield self._each_line(response, deadline_s)

    async def _each_line(self, response: httpx.Response, deadline_s: float) -> AsyncIterator[bytes]:
        received, buffer = 0, bytearray()
        blocks = response.aiter_bytes()
        while True:
            limit = self._gap() if received else self._first_token()
            try:
                block = await self._wait(anext(blocks), limit, deadline_s, sent=received)
            except StopAsyncIteration:
                break
            *whole, rest = (bytes(buffer) + block).split(b"\n")
            buffer = bytearray(rest)
            for line in whole:
                if line.strip():
                    received += 1
                    yield line
        if buffer.strip():
            yield bytes(buffer)

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, payload: Mapping[str, Any] | None, deadline_s: float
    ) -> AsyncGenerator[httpx.Response, None]:
        """The answer's head. It is closed whatever happens, so that the server stops."""
        try:
            request = self._server.request(method, path, payload)
        except (TypeError, ValueError) as error:
            raise UnsendableRequest(type(error).__name__) from None  # its text would quote ours
        await self._take_place(deadline_s)
        try:
            response = await self._wait(self._server.send(request), self._first_token(), deadline_s, sent=None)
            try:
                if response.status_code >= httpx.codes.BAD_REQUEST:
                    body = await self._wait(response.aread(), self._gap(), deadline_s, sent=0)
                    raise refusal(response.status_code, body, model=str((payload or {}).get("model", "")))
                yield response
            finally:
                await response.aclose()
        finally:
            self._places.release()

    async def _take_place(self, deadline_s: float) -> None:
        """A connection's worth of room. Waiting for it is no fault of the server: the total limit alone counts."""
        if not self._places.locked():
            # Does not wait, so it needs no timer.
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout_at(deadline_s):
                await self._places.acquire()
        except TimeoutError as error:
            raise self._total() from error

    async def _wait(self, work: Awaitable[T], limit: PhaseTimeout, deadline_s: float, *, sent: int | None) -> T:
        """The result of one wait. `sent` counts the answer's chunks so far; None while there is no answer yet."""
        now = asyncio.get_running_loop().time()
        phase_ends_s = now + limit.limit_s
        try:
            async with asyncio.timeout_at(min(phase_ends_s, deadline_s)):
                return await work
        except TimeoutError as error:
            raise (limit if phase_ends_s < deadline_s else self._total()) from error
        except httpx.ConnectTimeout as error:
            raise ConnectTimeout(self._config.base_url, self._config.connect_timeout_s) from error
        except httpx.ConnectError as error:
            raise Unreachable(self._config.base_url, "connection refused or no route") from error
        except httpx.DecodingError as error:
            raise ProtocolViolation("the body does not decode") from error
        except httpx.TransportError as error:
            if sent is None:
                raise Unreachable(self._config.base_url, f"connection lost: {type(error).__name__}") from error
            raise StreamCut(sent) from error

    def _total_deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._config.total_timeout_s

    def _first_token(self) -> PhaseTimeout:
        return FirstTokenTimeout(self._config.base_url, self._config.first_token_timeout_s)

    def _gap(self) -> PhaseTimeout:
        return BetweenTokensTimeout(self._config.base_url, self._config.between_tokens_timeout_s)

    def _total(self) -> PhaseTimeout:
        return TotalTimeout(self._config.base_url, self._config.total_timeout_s)
