"""The index of all journals' entries, open for the length of one coroutine."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self
from uuid import UUID

from entry_index import _collections, _filters, _schema, _writes
from entry_index._config import EmbeddingModel, IndexConfig
from entry_index._connection import Connection
from entry_index._entries import EntryHit, IndexedEntry, SearchFilters
from entry_index._points import HIT_FIELDS, hit_of
from entry_index.errors import ModelMismatch, RebuildIncomplete


class EntryIndex:
    """`async with EntryIndex(config) as index:` inside the coroutine that uses it: its loop owns the connections.

    Every call raises the errors of `entry_index.errors`.
    """

    def __init__(self, config: IndexConfig) -> None:
        self._config = config
        self._connection: Connection | None = None
        #: What is read and written: the alias, or during a rebuild the new collection.
        self._target = config.alias

    async def __aenter__(self) -> Self:
        self._connection = Connection(self._config)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    # Entries

    async def upsert(self, entry: IndexedEntry) -> bool:
        """Index one entry; see `upsert_many`."""
        (stored,) = await self.upsert_many([entry])
        return stored

    async def upsert_many(self, entries: Sequence[IndexedEntry]) -> tuple[bool, ...]:
        """Index the chunks of entries, replacing what older revisions left, in three calls for up to 64 chunks.

        False stands for an entry of which a newer revision is indexed: that one is kept.
        An entry that was erased meanwhile comes back: check that it still exists after this, and erase it again if not.
        """
        return await _writes.upsert(self._open, self._target, entries)

    async def search(
        self,
        journal: str,
        vector: Sequence[float],
        *,
        limit: int,
        filters: SearchFilters | None = None,
        score_threshold: float | None = None,
    ) -> list[EntryHit]:
        """The entries of `journal` nearest to `vector` (`(dimension,)`), each by its best chunk, best first.

        `limit` is at most 100. Without a `score_threshold` a small journal answers with whatever it has.
        """
        client = self._open.client
        answer = await self._open.call(
            client.query_points_groups(
                self._target,
                group_by="entry_id",
                query=list(vector),
                using=_schema.DENSE,
                query_filter=_filters.of_search(journal, filters or SearchFilters()),
                limit=limit,
                group_size=1,
                with_payload=HIT_FIELDS,
                score_threshold=score_threshold,
            )
        )
        hits = [hit_of(group.hits[0]) for group in answer.groups if group.hits]
        return sorted(hits, key=lambda hit: hit.score, reverse=True)

    async def erase_entry(self, journal: str, entry_id: UUID) -> None:
        await _writes.delete(self._open, self._target, _filters.of_entry(journal, entry_id))

    async def erase_journal(self, journal: str) -> None:
        await _writes.delete(self._open, self._target, _filters.of_journal(journal))

    async def count(self, journal: str) -> int:
        """How many chunks of `journal` are indexed."""
        chosen = _filters.of_journal(journal)
        answer = await self._open.call(self._open.client.count(self._target, count_filter=chosen, exact=True))
        return answer.count

    async def entry_revisions(self, journal: str) -> dict[UUID, int]:
        """The newest revision of each indexed entry, for comparing the index with the truth."""
        revisions: dict[UUID, int] = {}
        offset = None
        while True:
            records, offset = await self._open.call(
                self._open.client.scroll(
                    self._target,
                    scroll_filter=_filters.of_journal(journal),
                    limit=_schema.QUERY_LIMIT_MAX,
                    offset=offset,
                    with_payload=["entry_id", "revision"],
                )
            )
            for record in records:
                payload = record.payload or {}
                entry_id = UUID(payload["entry_id"])
                revisions[entry_id] = max(payload["revision"], revisions.get(entry_id, 0))
            if offset is None:
                return revisions

    # The collection

    async def ensure(self, model: EmbeddingModel) -> None:
        """Have a collection for `model` behind the alias: one call when it is there, safe when several do it at once.

        Raises:
            ModelMismatch: the alias leads to another model's vectors.
        """
        alias = self._config.alias
        info = await _collections.find(self._open, alias)
        if info is None:
            name = _schema.collection_name(alias, model)
            await _collections.make(self._open, name, model)
            await _collections.add_alias(self._open, alias, name)
            # Read again: another worker may have pointed the alias at another model's collection since.
            info = await self._open.call(self._open.client.get_collection(alias))
        if (indexed := _schema.model_of(info)) != model:
            raise ModelMismatch(alias, model, indexed)
        await _collections.index_payload(self._open, alias, info)

    async def current_model(self) -> EmbeddingModel | None:
        """The model whose vectors are searched now; None before the first `ensure`."""
        info = await _collections.find(self._open, self._config.alias)
        return _schema.model_of(info) if info else None

    async def begin_rebuild(self, model: EmbeddingModel) -> "EntryIndex":
        """An index over the new collection for `model`, beside the one in use. One begun before is taken up again.

        It lives as long as this one. Upsert every entry into it, then call `complete_rebuild` here.
        """
        name = _schema.collection_name(self._config.alias, model)
        await _collections.make(self._open, name, model)
        rebuilt = EntryIndex(self._config)
        rebuilt._connection, rebuilt._target = self._open, name
        return rebuilt

    async def complete_rebuild(self, model: EmbeddingModel, *, least_chunks: int) -> None:
        """Switch the alias to the collection for `model`, at once for all, and drop the collection it replaces.

        Raises:
            RebuildIncomplete: it holds fewer than `least_chunks`; the alias stays where it is.
        """
        alias = self._config.alias
        name = _schema.collection_name(alias, model)
        info = await self._open.call(self._open.client.get_collection(name))
        found = info.points_count or 0
        if found < least_chunks:
            raise RebuildIncomplete(name, found, least_chunks)
        replaced = await _collections.target_of(self._open, alias)
        await _collections.point_alias(self._open, alias, name)
        if replaced is not None and replaced != name:
            await _collections.drop(self._open, replaced)

    @property
    def _open(self) -> Connection:
        assert self._connection is not None, "use the index inside `async with EntryIndex(config)`"
        return self._connection
