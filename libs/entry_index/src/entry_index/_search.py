"""Searching one journal: by vectors, by terms, or by both, whose scores are then fused entry by entry.

Every signal is a query of its own, all of them in one request. They are fused here and not by the server, because it
would fuse chunks: an entry found by the meaning of one passage and by a word of another would count as two middling
chunks instead of one good entry. It also leaves the signals' own scores to be shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from qdrant_client import models

from entry_index import _filters, _schema
from entry_index._connection import Connection
from entry_index._entries import EntryHit, Terms
from entry_index._points import HIT_FIELDS, hit_of
from entry_index.errors import IndexAnswerInvalid

#: bm25 for each word of the query, from which on words count as much as meaning. A hit that shares but `the` and `to`
#: with a sentence stays far below.
STRONG_BM25_PER_WORD = 1.2
#: Chunks looked at by each signal. Fewer would leave entries out that both signals find, but none ranks high.
_DEPTH = 50


@dataclass(frozen=True)
class Signal:
    """One way of telling how near a chunk is."""

    using: str
    query: list[float] | models.SparseVector
    params: models.SearchParams | None = None
    score_threshold: float | None = None


def dense(vector: Sequence[float], *, score_threshold: float | None = None) -> Signal:
    return Signal(_schema.DENSE, list(vector), score_threshold=score_threshold)


def lexical(journal: str, terms: Terms) -> Signal:
    """Rarity is counted in the journal: over the whole collection it would be wrong, and tell of other journals."""
    corpus = models.IdfCorpusParams(corpus=_filters.of_journal(journal))
    sparse = models.SparseVector(indices=list(terms.indices), values=list(terms.values))
    return Signal(_schema.BM25, sparse, models.SearchParams(idf=corpus))


async def best_entries(
    connection: Connection, target: str, signals: Sequence[Signal], chosen: models.Filter, limit: int
) -> list[list[EntryHit]]:
    """For each signal at least `limit` entries, where there are as many, each by its best chunk, best first.

    `limit` is at most QUERY_LIMIT_MAX.
    """
    depth = min(_schema.QUERY_LIMIT_MAX, max(_DEPTH, 2 * limit))
    requests = [
        models.QueryRequest(
            query=signal.query,
            using=signal.using,
            filter=chosen,
            params=signal.params,
            score_threshold=signal.score_threshold,
            limit=depth,
            with_payload=HIT_FIELDS,
        )
        for signal in signals
    ]
    answers = await connection.call(connection.client.query_batch_points(target, requests))
    if len(answers) != len(requests):
        raise IndexAnswerInvalid(f"{len(requests)} queries were asked, {len(answers)} are answered")
    rankings: list[list[EntryHit]] = []
    for signal, answer in zip(signals, answers, strict=True):
        found = _one_each(map(hit_of, answer.points))
        if len(found) < limit and len(answer.points) == depth:
            # A few long entries took all the places. The server can leave them out, at the price of more queries.
            found = await _grouped(connection, target, signal, chosen, limit)
        rankings.append(found)
    return rankings


async def _grouped(
    connection: Connection, target: str, signal: Signal, chosen: models.Filter, limit: int
) -> list[EntryHit]:
    answer = await connection.call(
        connection.client.query_points_groups(
            target,
            group_by="entry_id",
            query=signal.query,
            using=signal.using,
            query_filter=chosen,
            search_params=signal.params,
            score_threshold=signal.score_threshold,
            limit=limit,
            group_size=1,
            with_payload=HIT_FIELDS,
        )
    )
    return _one_each(hit_of(group.hits[0]) for group in answer.groups if group.hits)


def fuse(near: Sequence[EntryHit], worded: Sequence[EntryHit], *, query_words: int) -> list[EntryHit]:
    """One ranking of two, best first: the mean of two shares of 0..1, of which 1.0 stands for the best of both.

    By meaning, the farthest of `near` has 0 and the nearest 1. By words, a hit has its share of the best bm25, and all
    of them less where the best itself is poor for so many `query_words`. Ranks alone (RRF) would make the first of some
    poor matches equal to the nearest in meaning, and in a small journal, where everything is near, put it first.

    Of equals the one with the better bm25 comes first: words that match are a fact, while something is always nearest.
    The chunk shown is the one with the larger share.
    """
    by_meaning = _shares_of_nearness(near)
    by_words = _shares_of_words(worded, query_words)
    hits = {hit.entry_id: hit for hit in near}
    for hit in worded:
        if by_words[hit.entry_id] >= by_meaning.get(hit.entry_id, 0.0):
            hits[hit.entry_id] = hit
    cosine = {hit.entry_id: hit.score for hit in near}
    bm25 = {hit.entry_id: hit.score for hit in worded}
    fused = [
        replace(
            hit,
            score=(by_meaning.get(each, 0.0) + by_words.get(each, 0.0)) / 2,
            dense=cosine.get(each),
            bm25=bm25.get(each),
        )
        for each, hit in hits.items()
    ]
    return sorted(fused, key=lambda hit: (-hit.score, -(hit.bm25 or 0.0), -(hit.dense or 0.0), hit.entry_id))


def _shares_of_nearness(near: Sequence[EntryHit]) -> dict[UUID, float]:
    best = max((hit.score for hit in near), default=0.0)
    spread = best - min((hit.score for hit in near), default=0.0)
    return {hit.entry_id: 1 - (best - hit.score) / spread if spread > 0 else 1.0 for hit in near}


def _shares_of_words(worded: Sequence[EntryHit], query_words: int) -> dict[UUID, float]:
    best = max((hit.score for hit in worded), default=0.0)
    strong = max(best, STRONG_BM25_PER_WORD * query_words)
    return {hit.entry_id: hit.score / strong for hit in worded}


def nearest_to_any(rankings: Sequence[Sequence[EntryHit]]) -> list[EntryHit]:
    """Entries by their best score in any of the rankings."""
    return _one_each(sorted((hit for ranking in rankings for hit in ranking), key=lambda hit: -hit.score))


def _one_each(hits: Iterable[EntryHit]) -> list[EntryHit]:
    """The first hit of each entry, in descending order of scores."""
    found: dict[UUID, EntryHit] = {}
    for hit in hits:
        found.setdefault(hit.entry_id, hit)
    return sorted(found.values(), key=lambda hit: -hit.score)
