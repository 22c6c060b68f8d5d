"""What JetStream refuses, as an error that names stream, consumer and remedy. Mapped here and nowhere else."""

from dataclasses import dataclass
from typing import Any, Self

from kombu_jetstream.errors import ApiError, TopologyConflict, TopologyMissing

STREAM_NOT_FOUND = 10059
CONSUMER_NOT_FOUND = 10014
CONSUMER_EXISTS = 10148
FILTER_NOT_UNIQUE = 10100
STREAM_NAME_IN_USE = 10058
NO_MESSAGE = 10037
STORAGE_FULL = 10023
#: Told with the code of what passes, and does not pass by itself: also JetStream off for the account or the server.
LASTING = frozenset({STORAGE_FULL, 10035, 10039, 10076})

#: The code of a refusal that has to do with the server's state, not with the request.
UNAVAILABLE = 503

_STREAM_GONE = "apply stream_specs(prefix), or set create_streams and connect again"
_CONSUMER_GONE = (
    "declare the queue again (a worker does when it starts); a foreign one is for its stream's owner to make"
)

#: By the server's error number: the type, and what to do.
_MEANINGS: dict[int, tuple[type[ApiError], str]] = {
    STREAM_NOT_FOUND: (TopologyMissing, _STREAM_GONE),
    CONSUMER_NOT_FOUND: (TopologyMissing, _CONSUMER_GONE),
    10039: (ApiError, "JetStream is off for this account: add `jetstream: enabled` to it, or use another user"),
    10076: (ApiError, "JetStream is off on this server: add `jetstream {}` to its configuration"),
    STREAM_NAME_IN_USE: (TopologyConflict, "compare it with stream_specs(prefix), or choose another prefix"),
    10065: (TopologyConflict, "another stream takes these subjects: choose another prefix, or narrow that stream"),
    FILTER_NOT_UNIQUE: (
        TopologyConflict,
        "another consumer reads this queue's subjects: remove it, it takes messages away",
    ),
    10084: (TopologyConflict, "the stream is a work queue and wants ack_policy explicit"),
    10099: (TopologyConflict, "another consumer without a filter reads this work queue: remove it"),
    10166: (TopologyConflict, "set allow_msg_ttl on the stream, or send without expires, expiration and x-message-ttl"),
    10188: (TopologyConflict, "set allow_msg_schedules on the stream: it is to hold ETA and countdown"),
    10074: (TopologyConflict, "the server is no cluster: set replicas to 1"),
    10005: (TopologyConflict, "no servers for the wanted replicas and placement: lower replicas, or change placement"),
    STORAGE_FULL: (ApiError, "raise JetStream's max_memory_store or max_file_store on the server, or consume more"),
    10047: (ApiError, "free disk space, or raise max_file_store on the server"),
    10077: (ApiError, "the stream is full: consume or purge, or raise its max_bytes"),
    10122: (ApiError, "the stream is full: consume or purge, or raise its max_msgs"),
}


@dataclass(frozen=True)
class Place:
    """The stream and the consumer that a request is about ("" for none)."""

    stream: str
    consumer: str

    @classmethod
    def of(cls, verb: str) -> Self:
        """From a verb such as `CONSUMER.INFO.<stream>.<consumer>` or `STREAM.MSG.GET.<stream>`."""
        words = verb.split(".")
        stream, *consumer = words[3:] if words[1] == "MSG" else words[2:]
        return cls(stream, ".".join(consumer))


def refusal(verb: str, error: dict[str, Any]) -> ApiError:
    """The error for JetStream's answer to `verb`.

    Source: https://github.com/nats-io/nats-server/blob/main/server/errors.json
    """
    place = Place.of(verb)
    return _meant(error, verb, place.stream, place.consumer)


def publish_refusal(subject: str, answer: dict[str, Any]) -> ApiError:
    """The error for a stream's answer to a message on `subject`."""
    return _meant(answer["error"], subject, answer.get("stream") or "", "")


def may_pass(refused: ApiError) -> bool:
    """Whether the same request may be taken in a moment: there is no leader just now, or the storage is not ready.

    A full stream has the same code, and who waits for room in it should know.
    """
    return refused.code == UNAVAILABLE and refused.err_code not in LASTING and "maximum" not in str(refused)


def _meant(error: dict[str, Any], subject: str, stream: str, consumer: str) -> ApiError:
    number: int = error.get("err_code", 0)
    kind, remedy = _MEANINGS.get(number, (ApiError, ""))
    description: str = error.get("description", "")
    return kind(subject, error.get("code", 0), number, description, stream=stream, consumer=consumer, remedy=remedy)
