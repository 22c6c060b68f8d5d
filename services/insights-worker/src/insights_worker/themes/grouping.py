"""The themes of a period: its entries' vectors from the index, grouped, and named by their words."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog

from contracts.report_work import ReportWork
from contracts.reports import THEME_IDS_MAX, Theme, ThemesMissing
from entry_index import EntryIndex, EntryIndexError, IndexConfig, SearchFilters
from insights_worker.numbers.readings import Reading
from insights_worker.themes.clusters import Cluster, Floats, find_clusters
from insights_worker.themes.middles import Middles
from insights_worker.themes.words import telling_words

#: Fewer entries have no themes, they are read one by one.
ENTRIES_MIN = 8
REPRESENTATIVES = 5

log = structlog.get_logger()


@dataclass(frozen=True)
class Material:
    """What was read of a period: readings by entry, and the beginnings of the texts that a model may see."""

    journal: str
    readings: Mapping[UUID, Reading]
    texts: Mapping[UUID, str]


@dataclass(frozen=True)
class Themes:
    #: The largest first.
    found: tuple[Theme, ...] = ()
    #: Why there is none.
    missing: ThemesMissing | None = None
    #: Of each, the beginnings of its REPRESENTATIVES, which a model can name it from.
    typical: tuple[tuple[str, ...], ...] = ()


async def find_themes(config: IndexConfig, digest: str, work: ReportWork, material: Material) -> Themes:
    """`digest`: of the embedding model that is configured."""
    if len(material.texts) < ENTRIES_MIN:
        return Themes(missing="too_few_entries")
    try:
        ids, middles = await _middles(config, digest, work, material)
    except EntryIndexError as error:
        log.warning("themes.left_out", error=type(error).__name__)
        return Themes(missing="index_unreachable")
    if len(ids) < ENTRIES_MIN:
        return Themes(missing="not_indexed")
    clusters = find_clusters(middles)
    if not clusters:
        return Themes(missing="nothing_alike")
    groups = [[ids[row] for row in cluster.members] for cluster in clusters]
    typical = [tuple(material.texts[one] for one in members[:REPRESENTATIVES]) for members in groups]
    words = telling_words(typical, list(material.texts.values()))
    themes = [_theme(*parts, material) for parts in zip(words, groups, clusters, strict=True)]
    return Themes(tuple(themes), typical=tuple(typical))


async def _middles(config: IndexConfig, digest: str, work: ReportWork, material: Material) -> tuple[list[UUID], Floats]:
    """Of the entries as they are now, in their order. None where the index holds another model's."""
    async with EntryIndex(config) as index:
        indexed = await index.current_model()
        if indexed is None or indexed.digest != digest:
            return Middles((), 0).found()
        middles = Middles(material.texts, indexed.dimension)
        filters = SearchFilters(written_from=work.written_from, written_to=work.written_to)
        async for chunks in index.vectors(material.journal, filters):
            for chunk in chunks:
                reading = material.readings.get(chunk.entry_id)
                if chunk.entry_id in material.texts and reading and reading.revision == chunk.revision:
                    middles.add(chunk.entry_id, chunk.vector)
    return middles.found()


def _theme(words: str, members: list[UUID], cluster: Cluster, material: Material) -> Theme:
    readings = [material.readings[one] for one in members]
    valences = [reading.valence for reading in readings if reading.valence is not None]
    days = Counter(reading.day for reading in readings)
    return Theme(
        name=words,
        named_by="words",
        entries=len(members),
        entry_ids=tuple(members[:THEME_IDS_MAX]),
        representatives=tuple(members[:REPRESENTATIVES]),
        cohesion=round(cluster.cohesion, 4),
        valence=sum(valences) / len(valences) if valences else None,
        by_day={day: days[day] for day in sorted(days)},
    )
