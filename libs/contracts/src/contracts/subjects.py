"""NATS subjects: the only place that spells one."""

from uuid import UUID

ROOT = "daybook.v1"
EVENTS = f"{ROOT}.events"
ALL_EVENTS = f"{EVENTS}.>"
#: Request/reply subjects of the gateway's NATS API, all answered in one queue group.
ENTRIES_CREATE = f"{ROOT}.api.entries.create"
ENTRIES_GET = f"{ROOT}.api.entries.get"
SEARCH = f"{ROOT}.api.search"
ENTRIES_SIMILAR = f"{ROOT}.api.entries.similar"
ENRICHMENTS_RECORD = f"{ROOT}.api.enrichments.record"
REFLECTIONS_REQUEST = f"{ROOT}.api.reflections.request"
REFLECTIONS_BEGIN = f"{ROOT}.api.reflections.begin"
REFLECTIONS_RECORD = f"{ROOT}.api.reflections.record"
INSIGHTS_REQUEST = f"{ROOT}.api.insights.request"
INSIGHTS_BEGIN = f"{ROOT}.api.insights.begin"
INSIGHTS_PAGE = f"{ROOT}.api.insights.page"
INSIGHTS_SAVE = f"{ROOT}.api.insights.save"
INSIGHTS_RECORD = f"{ROOT}.api.insights.record"
INSIGHTS_SCHEDULE = f"{ROOT}.api.insights.schedule"
EVIDENCE_REPORT = f"{ROOT}.api.evidence.report"
MOODS_LIST = f"{ROOT}.api.moods.list"
MOODS_PAGE = f"{ROOT}.api.moods.page"
API_QUEUE_GROUP = "gateway"


def event_subject(event_type: str) -> str:
    """`entry.created.v1` travels on `daybook.v1.events.entry.created`: the version is in the type, not the subject."""
    name, _, version = event_type.rpartition(".")
    if not name or not version.startswith("v"):
        raise ValueError(f"event type {event_type!r} does not end in a version such as .v1")
    return f"{EVENTS}.{name}"


#: What is being written now (core NATS, nothing is stored).
ALL_LIVE = f"{ROOT}.live.>"


def live_subject(made: UUID) -> str:
    """What is told of an entry's reflection, or of a report, while it is made (core NATS, nothing is stored)."""
    return f"{ROOT}.live.{made}"
