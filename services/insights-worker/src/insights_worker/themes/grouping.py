"""The themes of a period: its entries' vectors from the index, grouped, and named."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from contracts.report_work import ReportWork
from contracts.reports import THEME_IDS_MAX, Removed, Theme, ThemesMissing
from entry_index import EntryIndex, EntryIndexError, IndexConfig, SearchFilters
from insights_worker.claim_checks import Fault
from insights_worker.model_calls import ReportModel
from insights_worker.numbers.readings import Reading
from insights_worker.themes.clusters import Cluster, find_clusters, unit_means
from insights_worker.themes.naming import ThemeName, name_theme

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


@dataclass(frozen=True)
class Themes:
    #: The largest first.
    found: tuple[Theme, ...] = ()
    #: Why there is none.
    missing: ThemesMissing | None = None
    #: Names that were not taken.
    removed: Removed = field(default_factory=Removed)


async def find_themes(
    config: IndexConfig, digest: str, model: ReportModel, work: ReportWork, material: Material, *, named: Named
) -> Themes:
    """`digest`: of the embedding model that is configured.

    Raises: OllamaError, where asking later may help.
    """
    if len(material.texts) < ENTRIES_MIN:
        return Themes(missing="too_few_entries")
    try:
        vectors = await _vectors(config, digest, work, material)
    except EntryIndexError as error:
        log.warning("themes.left_out", error=type(error).__name__)
        return Themes(missing="index_unreachable")
    if len(vectors) < ENTRIES_MIN:
        return Themes(missing="not_indexed")
    # In one order, whatever the index's: the same entries make the same groups.
    ids = sorted(vectors)
    clusters = find_clusters(unit_means([vectors[entry_id] for entry_id in ids]))
    if not clusters:
        return Themes(missing="nothing_alike")
    themes: list[Theme] = []
    faults: Counter[Fault | None] = Counter()
    for number, cluster in enumerate(clusters):
        await named(number, len(clusters))
        members = [ids[row] for row in cluster.members]
        typical = [material.texts[one] for one in members[:REPRESENTATIVES]]
        name = await name_theme(model, typical, list(material.texts.values()))
        faults[name.fault] += 1
        themes.append(_theme(name, members, cluster, material))
    return Themes(tuple(themes), removed=Removed(numbers=faults["number"], unfit=faults["unfit"]))


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


def _theme(name: ThemeName, members: list[UUID], cluster: Cluster, material: Material) -> Theme:
    readings = [material.readings[one] for one in members]
    valences = [reading.valence for reading in readings if reading.valence is not None]
    days = Counter(reading.day for reading in readings)
    return Theme(
        name=name.name,
        named_by=name.named_by,
        entries=len(members),
        entry_ids=tuple(members[:THEME_IDS_MAX]),
        representatives=tuple(members[:REPRESENTATIVES]),
        cohesion=round(cluster.cohesion, 4),
        valence=sum(valences) / len(valences) if valences else None,
        by_day={day: days[day] for day in sorted(days)},
    )
