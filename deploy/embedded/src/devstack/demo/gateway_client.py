"""The public HTTP API, as any client has it: journals, entries, search."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self
from uuid import UUID

import httpx

from contracts.entries import EntryPage, EntryView
from contracts.search import SearchAnswer, SearchQuery
from devstack.demo.diary import DiaryEntry
from devstack.faults import StackFault

_READ_S = 60.0
#: Ours and those its owner may have added to the demo journal.
_PAGE_ENTRIES = 100


class GatewayRefused(StackFault):
    def __init__(self, what: str, answer: httpx.Response) -> None:
        super().__init__(f"{what}: {answer.status_code} {answer.text[:300]}")
        self.status = answer.status_code


class GatewayAway(StackFault):
    def __init__(self, what: str, error: httpx.HTTPError) -> None:
        super().__init__(f"{what}: no answer from the gateway ({type(error).__name__}); its log is in logs/gateway.log")


class GatewayClient:
    """One journal of one gateway.

    Every method raises `GatewayRefused` or `GatewayAway`.
    """

    def __init__(self, url: str, key: str, journal: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._journal = f"/v1/journals/{journal}"
        # A proxy of the environment has no business between two processes of one machine.
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=_READ_S,
            trust_env=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def make_journal(self) -> None:
        self._ask("PUT", self._journal)

    def post_entry(self, entry: DiaryEntry) -> EntryView:
        """The new entry, or the one that the same key made before."""
        answer = self._ask(
            "POST",
            f"{self._journal}/entries",
            content=entry.draft.model_dump_json(),
            headers={"Content-Type": "application/json", "Idempotency-Key": entry.idempotency_key},
        )
        return EntryView.model_validate_json(answer.content)

    def enrich_again(self, entry_id: UUID) -> None:
        self._ask("POST", f"{self._journal}/entries/{entry_id}/reprocess")

    def entries(self) -> Iterator[EntryView]:
        """Newest first, all of them."""
        cursor: str | None = None
        while True:
            params = {"limit": str(_PAGE_ENTRIES)} | ({"cursor": cursor} if cursor else {})
            answer = self._ask("GET", f"{self._journal}/entries", params=params)
            page = EntryPage.model_validate_json(answer.content)
            yield from page.entries
            cursor = page.next_cursor
            if cursor is None:
                return

    def search(self, query: SearchQuery) -> SearchAnswer:
        answer = self._ask(
            "POST",
            f"{self._journal}/search",
            content=query.model_dump_json(),
            headers={"Content-Type": "application/json"},
        )
        return SearchAnswer.model_validate_json(answer.content)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        content: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        try:
            answer = self._http.request(method, path, params=params, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise GatewayAway(f"{method} {path}", error) from error
        if answer.is_error:
            raise GatewayRefused(f"{method} {path}", answer)
        return answer
