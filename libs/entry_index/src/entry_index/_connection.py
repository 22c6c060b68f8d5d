"""The client of one event loop, and the one door where its errors become ours."""

import asyncio
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

import httpx
from qdrant_client import AsyncQdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from entry_index._config import IndexConfig
from entry_index._observing import observing
from entry_index._tracing import tracing
from entry_index.errors import (
    EntryIndexError,
    IndexAccessDenied,
    IndexAnswerInvalid,
    IndexFailed,
    IndexNotReady,
    IndexOverloaded,
    IndexRefused,
    IndexTimedOut,
    IndexUnreachable,
)
from httpx_keepalive import KeepAliveTransport

_T = TypeVar("_T")


class Connection:
    def __init__(self, config: IndexConfig) -> None:
        self._config = config
        self.client = AsyncQdrantClient(
            url=config.url,
            timeout=max(1, round(config.timeout_s)),
            # As a header of our own: given as `api_key`, the client warns at every start of a stack on this machine.
            headers={"api-key": config.api_key} if config.api_key else None,
            # It would start a thread and call the server each time a client is made, and one is made for every task.
            check_compatibility=False,
            # A proxy in the environment must not see what is asked of the index.
            trust_env=False,
            transport=_shared_transport(config.connections_max),
        )

    async def close(self) -> None:
        await self.client.close()

    async def call(self, answer: Coroutine[Any, Any, _T]) -> _T:
        """Await a call of `client`.

        Raises:
            EntryIndexError: the leaf that fits.
        """
        # A coroutine bears its method's name: `upsert`, `query_points_groups` ...
        with (
            observing(self._config.on_call, answer.__name__),
            tracing(answer.__name__, self._config.url, self._config.alias),
        ):
            return await self._answered(answer)

    async def _answered(self, answer: Coroutine[Any, Any, _T]) -> _T:
        try:
            async with asyncio.timeout(self._config.timeout_s):
                return await answer
        except TimeoutError as error:
            raise IndexTimedOut(f"no answer from {self._config.url} in {self._config.timeout_s} s") from error
        except ResourceExhaustedResponse as error:
            raise IndexOverloaded(float(error.retry_after_s)) from None  # its text is the server's
        except UnexpectedResponse as error:
            raise _of_status(error) from None  # its text is the server's
        except ResponseHandlingException as error:
            raise self._of_transport(error.source) from _quiet(error.source)
        except ValueError as error:
            # What is no JSON at all passes through the client as it is.
            raise self._of_transport(error) from None

    def _of_transport(self, source: Exception) -> EntryIndexError:
        match source:
            case httpx.TimeoutException():
                return IndexTimedOut(f"no answer from {self._config.url}: {type(source).__name__}")
            case httpx.TransportError():
                return IndexUnreachable(f"{self._config.url}: {source or type(source).__name__}")
            case _:
                kind = type(source).__name__
                return IndexAnswerInvalid(f"{self._config.url} gave an answer that is not understood: {kind}")


def _quiet(source: Exception) -> Exception | None:
    """The cause to show: what does not fit a model is quoted by the error that says so."""
    return source if isinstance(source, httpx.HTTPError) else None


def _of_status(error: UnexpectedResponse) -> EntryIndexError:
    status = error.status_code or 0
    answer = error.content[:500].decode(errors="replace")
    match status:
        case 401 | 403:
            return IndexAccessDenied(status, answer)
        case 404:
            return IndexNotReady(status, answer)
        case _ if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return IndexFailed(status, answer)
        case _:
            return IndexRefused(status, answer)


@cache
def _shared_transport(connections_max: int) -> KeepAliveTransport:
    """One for the process: no event loop owns its connections, so the next task goes on with them (ADR 0001)."""
    limits = httpx.Limits(max_connections=connections_max, max_keepalive_connections=connections_max)
    return KeepAliveTransport(limits=limits)
