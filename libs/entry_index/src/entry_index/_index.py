"""The index of all journals' entries, open for the length of one coroutine."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self
from uuid import UUID

from qdrant_client import models

from entry_index import _collections, _filters, _schema, _search, _writes
from entry_index._config import EmbeddingModel, IndexConfig, IndexContents
from entry_index._connection import Connection
from entry_index._entries import ChunkVector, EntryHit, IndexedEntry, IndexedRevision, SearchFilters, Terms
from entry_index._points import dense_vector
from entry_index.errors import ModelMismatch, RebuildIncomplete

#: A book of an entry has hundreds of chunks; as many vectors would be as many searches.
SIMILAR_CHUNKS_MAX = 8


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
        vector: Sequence[float] | None,
        *,
        limit: int,
        terms: Terms | None = None,
        filters: SearchFilters | None = None,
        score_threshold: float | None = None,
    ) -> list[EntryHit]:
        """The entries of `journal` that fit `vector` (`(dimension,)`), `terms`, or best both, best first.

        `limit` is at most 100. Without a `score_threshold`, which is of vectors only, a small journal answers with
        whatever it has. With neither vector nor terms there is nothing to find.
        """
        signals: list[_search.Signal] = []
        if vector is not None:
            signals.append(_search.dense(vector, score_threshold=score_threshold))
        if terms:
            signals.append(_search.lexical(journal, terms))
        if not signals:
            return []
        chosen = _filters.of_search(journal, filters or SearchFilters())
        rankings = await _search.best_entries(self._open, self._target, signals, chosen, limit)
        if vector is None:
            (worded,) = rankings
            return [replace(hit, bm25=hit.score) for hit in worded[:limit]]
        if not terms:
            (near,) = rankings
            return [replace(hit, dense=hit.score) for hit in near[:limit]]
        return _search.fuse(*rankings, query_words=len(terms.indices))[:limit]

    async def similar(
        self, journal: str, entry_id: UUID, revision: int, *, limit: int, filters: SearchFilters | None = None
    ) -> list[EntryHit] | None:
        """The other entries of `journal` with a passage nearest to one of this entry's, best first.

        None where this revision is not indexed, or not yet. `limit` is at most 100.
        """
        vectors = await self._vectors(journal, entry_id, revision)
        if not vectors:
            return None
        chosen = _filters.of_others(journal, entry_id, filters or SearchFilters())
        signals = [_search.dense(vector) for vector in vectors]
        found = _search.nearest_to_any(await _search.best_entries(self._open, self._target, signals, chosen, limit))
        return [replace(hit, dense=hit.score) for hit in found[:limit]]

    async def _vectors(self, journal: str, entry_id: UUID, revision: int) -> list[list[float]]:
        """Of at most SIMILAR_CHUNKS_MAX of the entry's chunks, taken evenly from its first hundred points."""
        records, _ = await self._open.call(
            self._open.client.scroll(
                self._target,
                scroll_filter=_filters.of_revision(journal, entry_id, revision),
                limit=_schema.QUERY_LIMIT_MAX,
                with_payload=["chunk"],
                with_vectors=[_schema.DENSE],
            )
        )
        ordered = sorted(records, key=lambda record: (record.payload or {})["chunk"])
        step = max(1, -(-len(ordered) // SIMILAR_CHUNKS_MAX))
        return [dense_vector(record) for record in ordered[::step]]

    async def vectors(self, journal: str, filters: SearchFilters) -> AsyncGenerator[list[ChunkVector]]:
        """Those of every chunk of the entries of `journal` that pass, in no order, a hundred at a time.

        As lists of Python's floats they take eight times the room that they have in the index: keep none.
        """
        offset = None
        while True:
            records, offset = await self._open.call(
                self._open.client.scroll(
                    self._target,
                    scroll_filter=_filters.of_search(journal, filters),
                    limit=_schema.QUERY_LIMIT_MAX,
                    offset=offset,
                    with_payload=["entry_id", "revision"],
                    with_vectors=[_schema.DENSE],
                )
            )
            payloads = [record.payload or {} for record in records]
            yield [
                ChunkVector(UUID(payload["entry_id"]), payload["revision"], dense_vector(record))
                for payload, record in zip(payloads, records, strict=True)
            ]
            if offset is None:
                return

    async def erase_entry(self, journal: str, entry_id: UUID) -> None:
        """Here, and where another model's vectors are being gathered."""
        await self._erase(_filters.of_entry(journal, entry_id))

    async def erase_journal(self, journal: str) -> None:
        """As `erase_entry`."""
        await self._erase(_filters.of_journal(journal))

    async def _erase(self, chosen: models.Filter) -> None:
        await _writes.delete(self._open, self._target, chosen)
        for name in await _collections.beside(self._open, self._config.alias):
            await _writes.delete(self._open, name, chosen)

    async def erase_newer(self, journal: str, entry_id: UUID, revision: int) -> None:
        """Erase what is indexed of revisions after `revision`, as there is after a restore of an older database."""
        await _writes.delete(self._open, self._target, _filters.after_revision(journal, entry_id, revision))

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

    async def everything(self) -> AsyncGenerator[set[IndexedRevision]]:
        """Of all journals, in no order, what a hundred points at a time are of: for an operator's comparison alone.

        The one request that names no journal. It asks for ids, and never for a vector.
        """
        offset = None
        while True:
            records, offset = await self._open.call(
                self._open.client.scroll(
                    self._target,
                    limit=_schema.QUERY_LIMIT_MAX,
                    offset=offset,
                    with_payload=["journal", "entry_id", "revision"],
                )
            )
            payloads = [record.payload or {} for record in records]
            yield {IndexedRevision(each["journal"], UUID(each["entry_id"]), each["revision"]) for each in payloads}
            if offset is None:
                return

    # The collection

    async def ensure(self, model: EmbeddingModel, *, lexicon: str = "") -> None:
        """Have a collection for `model` behind the alias: one call when it is there, safe when several do it at once.

        `lexicon` is the mark of the one by which terms will be written, as those who search must know.

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
        if _schema.lexicon_of(info) != lexicon:
            await _collections.name_lexicon(
                self._open, await _collections.target_of(self._open, alias) or alias, lexicon
            )

    async def ensure_beside(self, model: EmbeddingModel, *, lexicon: str = "") -> "EntryIndex":
        """As `ensure`; but where another model's vectors are searched, the index over a new collection beside them.

        What is searched stays so until `complete_rebuild`.
        """
        searched = await self.current_model()
        if searched in {None, model}:
            await self.ensure(model, lexicon=lexicon)
            return self
        rebuilt = await self.begin_rebuild(model)
        name = _schema.collection_name(self._config.alias, model)
        if _schema.lexicon_of(await self._open.call(self._open.client.get_collection(name))) != lexicon:
            await _collections.name_lexicon(self._open, name, lexicon)
        return rebuilt

    async def beside(self) -> list[EmbeddingModel]:
        """The models whose vectors are being gathered, and are not searched yet."""
        names = await _collections.beside(self._open, self._config.alias)
        infos = [await self._open.call(self._open.client.get_collection(name)) for name in names]
        return [model for model in map(_schema.model_of, infos) if model]

    async def contents(self) -> IndexContents | None:
        """What is searched now; None before the first `ensure`."""
        info = await _collections.find(self._open, self._config.alias)
        return IndexContents(_schema.model_of(info), _schema.lexicon_of(info)) if info else None

    async def current_model(self) -> EmbeddingModel | None:
        """The model whose vectors are searched now; None before the first `ensure`."""
        found = await self.contents()
        return found.model if found else None

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
