"""The themes of a period: its entries' vectors from the index, grouped, and named."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import structlog

from contracts.report_work import ReportWork
from contracts.reports import THEME_IDS_MAX, Theme, ThemesMissing
from entry_index import EntryIndex, EntryIndexError, IndexConfig, SearchFilters
from insights_worker.model_calls import ReportModel
from insights_worker.numbers.readings import Reading
from insights_worker.themes.clusters import Cluster, find_clusters, unit_means
from insights_worker.themes.naming import name_theme

#: Fewer entries have no themes, they are read one by one.
ENTRIES_MIN = 8
REPRESENTATIVES = 5

#: Called with how many themes are named, and how many there are.
Named = Callable[[int, int], Awaitable[None]]

log = structlog.get_logger()


@dataclass(frozen=True)
class Material:
    """What was read of a period: readings by entry, and the beginnings of the texts that a model may see."""

    journal: str
    readings: Mapping[UUID, Reading]
    texts: Mapping[UUID, str]


async def find_themes(
    config: IndexConfig, digest: str, model: ReportModel, work: ReportWork, material: Material, *, named: Named
) -> tuple[tuple[Theme, ...], ThemesMissing | None]:
    """The largest first; or none, and why. `digest`: of the embedding model that is configured.

    Raises: OllamaError, where asking later may help.
    """
    if len(material.texts) < ENTRIES_MIN:
        return (), "too_few_entries"
    try:
        vectors = await _vectors(config, digest, work, material)
    except EntryIndexError as error:
        log.warning("themes.left_out", error=type(error).__name__)
        return (), "index_unreachable"
    if len(vectors) < ENTRIES_MIN:
        return (), "not_indexed"
    # In one order, whatever the index's: the same entries make the same groups.
    ids = sorted(vectors)
    clusters = find_clusters(unit_means([vectors[entry_id] for entry_id in ids]))
    if not clusters:
        return (), "nothing_alike"
    themes: list[Theme] = []
    for number, cluster in enumerate(clusters):
        await named(number, len(clusters))
        themes.append(await _theme(model, [ids[row] for row in cluster.members], cluster, material))
    return tuple(themes), None


async def _vectors(
    config: IndexConfig, digest: str, work: ReportWork, material: Material
) -> dict[UUID, list[list[float]]]:
    """Of the entries as they are now, by entry. None where the index holds another model's."""
    found: dict[UUID, list[list[float]]] = defaultdict(list)
    async with EntryIndex(config) as index:
        indexed = await index.current_model()
        if indexed is None or indexed.digest != digest:
            return {}
        filters = SearchFilters(written_from=work.written_from, written_to=work.written_to)
        for chunk in await index.vectors(material.journal, filters):
            reading = material.readings.get(chunk.entry_id)
            if chunk.entry_id in material.texts and reading and reading.revision == chunk.revision:
                found[chunk.entry_id].append(chunk.vector)
    return found


async def _theme(model: ReportModel, members: list[UUID], cluster: Cluster, material: Material) -> Theme:
    representatives = members[:REPRESENTATIVES]
    name, named_by = await name_theme(
        model, [material.texts[one] for one in representatives], list(material.texts.values())
    )
    readings = [material.readings[one] for one in members]
    valences = [reading.valence for reading in readings if reading.valence is not None]
    days = Counter(reading.day for reading in readings)
    return Theme(
        name=name,
        named_by=named_by,
        entries=len(members),
        entry_ids=tuple(members[:THEME_IDS_MAX]),
        representatives=tuple(representatives),
        cohesion=round(cluster.cohesion, 4),
        valence=sum(valences) / len(valences) if valences else None,
        by_day={day: days[day] for day in sorted(days)},
    )
