"""One NATS login a service, each with the subjects it needs and no others (DESIGN: a worker cannot publish events)."""

import secrets
from collections.abc import Iterable

import kombu_jetstream
from contracts import subjects
from contracts.topology import ENRICHMENT_DURABLE, EVENT_STREAM, INSIGHTS_DURABLE, TASK_STREAM
from devstack.nats import NatsUser

TASK_PREFIX = "daybook"
GATEWAY = "gateway"
ENRICHMENT = "enrichment-worker"
INSIGHTS = "insights-worker"
CLIENT = "client"

#: `gateway topology` makes the stream of events and its durable consumers, and changes them; nobody may delete either
#: the stream or what it holds. The gateway reads events by consumers without a name, whose id nobody knows beforehand,
#: without acknowledging, and deletes those. Its metrics look at one event, to tell the age of the oldest; `doctor` asks
#: for the account's limits.
_EVENT_STREAM_API = (
    "$JS.API.INFO",
    *(f"$JS.API.STREAM.{verb}.{EVENT_STREAM}" for verb in ("CREATE", "INFO", "UPDATE", "MSG.GET")),
    f"$JS.API.CONSUMER.CREATE.{EVENT_STREAM}",
    *(f"$JS.API.CONSUMER.{verb}.{EVENT_STREAM}.*" for verb in ("DURABLE.CREATE", "INFO", "MSG.NEXT", "DELETE")),
)
#: `doctor` looks which task queues there are, and when the first message of one came. It can take and settle none.
_TASK_STREAM_API = (f"$JS.API.CONSUMER.LIST.{TASK_STREAM}", f"$JS.API.STREAM.MSG.GET.{TASK_STREAM}")


def stack_users(passwords: dict[str, str]) -> tuple[NatsUser, ...]:
    """The logins of the embedded stack. `passwords` by user name."""
    return (
        NatsUser(
            GATEWAY,
            passwords[GATEWAY],
            publish=(subjects.ALL_EVENTS, *_EVENT_STREAM_API, *_TASK_STREAM_API),
            subscribe=(f"{subjects.ROOT}.api.>", subjects.ALL_LIVE, subjects.ALL_EVENTS, "_INBOX.>"),
            answers=True,
        ),
        _worker(ENRICHMENT, passwords, (EVENT_STREAM, ENRICHMENT_DURABLE), more=(subjects.ENRICHMENTS_RECORD,)),
        _worker(
            INSIGHTS,
            passwords,
            (EVENT_STREAM, INSIGHTS_DURABLE),
            more=(
                subjects.MOODS_PAGE,
                subjects.REFLECTIONS_BEGIN,
                subjects.REFLECTIONS_RECORD,
                subjects.INSIGHTS_BEGIN,
                subjects.INSIGHTS_PAGE,
                subjects.INSIGHTS_SAVE,
                subjects.INSIGHTS_RECORD,
                subjects.INSIGHTS_SCHEDULE,
                subjects.ALL_LIVE,
            ),
        ),
        NatsUser(
            CLIENT,
            passwords[CLIENT],
            publish=(
                subjects.ENTRIES_CREATE,
                subjects.ENTRIES_GET,
                subjects.SEARCH,
                subjects.MOODS_LIST,
                subjects.REFLECTIONS_REQUEST,
                subjects.ENTRIES_SIMILAR,
                subjects.INSIGHTS_REQUEST,
            ),
            subscribe=("_INBOX_client.>",),
        ),
    )


def inbox_of(user: str) -> str:
    """Where a user's answers arrive: nobody else may listen there."""
    return f"_INBOX_{user}"


def new_passwords() -> dict[str, str]:
    return {name: secrets.token_urlsafe(24) for name in (GATEWAY, ENRICHMENT, INSIGHTS, CLIENT)}


def _worker(name: str, passwords: dict[str, str], reads: tuple[str, str], *, more: Iterable[str]) -> NatsUser:
    """`reads`: a stream and the durable consumer on it. `more`: subjects of the API that this worker asks."""
    inbox = inbox_of(name)
    tasks = kombu_jetstream.worker_permissions(TASK_PREFIX, inbox_prefix=inbox, bound=[reads])
    # Each worker's metrics tell of all task queues. The event stream is the gateway's to tell of.
    looks = kombu_jetstream.monitor_permissions(TASK_PREFIX, inbox_prefix=inbox)
    streams = [spec.name for spec in kombu_jetstream.stream_specs(TASK_PREFIX)]
    return NatsUser(
        name,
        passwords[name],
        publish=_once(
            *tasks.publish,
            *looks.publish,
            # Workers make their task streams where they are missing; no other stream is theirs. Nobody changes them:
            # one that took the API's subjects too would hold keys and text, and a worker reads what these hold.
            *(f"$JS.API.STREAM.{verb}.{stream}" for verb in ("CREATE", "INFO") for stream in streams),
            subjects.ENTRIES_GET,
            subjects.EVIDENCE_REPORT,
            *more,
        ),
        subscribe=tasks.subscribe,
    )


def _once(*subjects: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(subjects))
