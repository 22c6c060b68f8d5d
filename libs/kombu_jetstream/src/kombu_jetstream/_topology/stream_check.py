"""Whether a stream that somebody else made will do."""

from collections.abc import Iterator
from typing import Any

from kombu.log import get_logger

from kombu_jetstream._topology.filters import covers
from kombu_jetstream._topology.streams import StreamSpec, losing_limits
from kombu_jetstream.errors import TopologyConflict

log = get_logger(__name__)

_REMEDY = "compare it with stream_specs(prefix), change it or delete it, or choose another prefix"
_LOSING = "stream %s drops confirmed tasks at its limit (%s): remove the limit; a full max_file_store refuses new ones"
_UNABLE = "stream %s: %s is off; %s will be refused until it is set (see stream_specs)"
_WIDER = "stream %s takes more than the transport publishes there, and whoever may read it reads that: %s"

#: Settings that only some messages need.
_NEEDED_BY = {"allow_msg_schedules": "tasks with an ETA or countdown", "allow_msg_ttl": "messages that expire"}


def check_stream(spec: StreamSpec, config: dict[str, Any]) -> None:
    """Warns of what will lose tasks, or refuse some, and of what else the stream takes.

    Raises:
        TopologyConflict: nothing would work: the stream keeps messages by other rules, or has other subjects.
    """
    if faults := "; ".join(_faults(spec, config)):
        raise TopologyConflict("", 0, 0, faults, stream=spec.name, remedy=_REMEDY)
    if limits := losing_limits(config):
        log.warning(_LOSING, spec.name, limits)
    if more := [each for each in config.get("subjects") or [] if not any(covers(own, each) for own in spec.subjects)]:
        log.warning(_WIDER, spec.name, ", ".join(more))
    for name, needed_by in _NEEDED_BY.items():
        if spec.config()[name] and not config.get(name):
            log.warning(_UNABLE, spec.name, name, needed_by)


def _faults(spec: StreamSpec, config: dict[str, Any]) -> Iterator[str]:
    if config.get("retention") != spec.retention:
        yield f"its retention is {config.get('retention')}, and {spec.retention} is needed"
    subjects: list[str] = config.get("subjects") or []
    missing = [each for each in spec.subjects if not any(each == own or covers(own, each) for own in subjects)]
    if missing:
        yield f"it does not take {', '.join(missing)}"
