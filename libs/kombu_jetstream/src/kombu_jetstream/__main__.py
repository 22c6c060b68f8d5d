"""The command line: `python -m kombu_jetstream status|schedules|cancel|given-up [URL]`."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import kombu

from kombu_jetstream._watch import report
from kombu_jetstream._watch.registration import register
from kombu_jetstream._watch.watching import discard, given_up, pending_schedules, queue_states, run_again, withdraw
from kombu_jetstream.errors import ApiError, ConnectionFault, InvalidOption, InvalidUrl, TransportError

URL, OPTIONS = "KOMBU_JETSTREAM_URL", "KOMBU_JETSTREAM_OPTIONS"

DONE, NOTHING, USAGE, UNREACHABLE, REFUSED = range(5)

_EXITS = f"""
exit status:
  {DONE}  done
  {NOTHING}  cancel: the server holds nothing for that task
  {USAGE}  the URL, an option or an argument is wrong
  {UNREACHABLE}  no server answered, or it refused the login; trying again may help
  {REFUSED}  JetStream refused, or a stream or consumer is missing

A password on a command line is seen by others: give the URL in ${URL}.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        return chosen.run(chosen)
    except (InvalidUrl, InvalidOption) as error:
        return _failed(error, USAGE)
    except ConnectionFault as error:
        return _failed(error, UNREACHABLE)
    except (ApiError, TransportError) as error:
        return _failed(error, REFUSED)


def _status(chosen: argparse.Namespace) -> int:
    states = queue_states(_connection(chosen), bound=chosen.bound, transient=chosen.transient)
    _show(report.status(states, as_json=chosen.json))
    return DONE


def _schedules(chosen: argparse.Namespace) -> int:
    schedules = pending_schedules(_connection(chosen), queue=chosen.queue, limit=chosen.limit)
    _show(report.schedules(schedules, as_json=chosen.json))
    return DONE


def _cancel(chosen: argparse.Namespace) -> int:
    count = withdraw(_connection(chosen), chosen.task_id, queue=chosen.queue)
    _show(f"{report.messages(count)} of task {chosen.task_id} taken away")
    return DONE if count else NOTHING


def _given_up(chosen: argparse.Namespace) -> int:
    connection, queue = _connection(chosen), chosen.queue
    if chosen.run_again:
        count = run_again(connection, queue, limit=chosen.limit)
        _show(f"{report.messages(count)} of queue {queue} sent again")
    elif chosen.discard:
        count = discard(connection, queue, limit=chosen.limit)
        _show(f"{report.messages(count)} of queue {queue} removed")
    else:
        found = given_up(connection, queue, limit=chosen.limit)
        count = len(found)
        _show(report.given_up(found, as_json=chosen.json))
    if count == 0:
        _explain(connection, queue)
    return DONE


def _explain(connection: kombu.Connection, queue: str) -> None:
    """Why none is told where there are some."""
    for state in queue_states(connection):
        if state.queue == queue and state.given_up:
            sys.stderr.write(
                f"{report.messages(state.given_up)} of queue {queue} given up, but {state.held} held: the server "
                "tells which they are when none is held for a moment; stop its workers, or try again\n"
            )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m kombu_jetstream",
        description="Look at Celery queues on NATS JetStream, and at what the server holds until its time.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    status = _command(commands, "status", _status, "how each queue is")
    status.add_argument("--bound", action="append", default=[], type=_pair, metavar="STREAM/DURABLE", help="also this")
    status.add_argument("--transient", action="store_true", help="also remote control, replies and events")
    schedules = _command(commands, "schedules", _schedules, "what the server holds until its time, soonest first")
    schedules.add_argument("--queue", help="only of this queue")
    cancel = _command(commands, "cancel", _cancel, "take away what the server holds for a task", "task_id")
    cancel.add_argument("--queue", help="only of this queue")
    lost = _command(
        commands, "given-up", _given_up, "messages delivered max_deliver times, never acknowledged", "queue"
    )
    fate = lost.add_mutually_exclusive_group()
    fate.add_argument("--run-again", action="store_true", help="send them again")
    fate.add_argument("--discard", action="store_true", help="remove them")
    for listing in (schedules, lost):
        listing.add_argument("--limit", type=int, default=100, help="at most so many (100)")
    for reading in (status, schedules, lost):
        reading.add_argument("--json", action="store_true", help="for programs: one JSON array")
    return parser


def _command(
    commands: Any,  # argparse keeps the type to itself
    name: str,
    run: Callable[[argparse.Namespace], int],
    meaning: str,
    *operands: str,
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=meaning, description=f"{meaning[0].upper()}{meaning[1:]}."
    )
    for operand in operands:
        command.add_argument(operand)
    command.add_argument("url", nargs="?", help=f"nats://user:password@host:4222/prefix; else ${URL}")
    command.add_argument("--options", help=f"broker_transport_options as a JSON object; else ${OPTIONS}")
    command.set_defaults(run=run)
    return command


def _connection(chosen: argparse.Namespace) -> kombu.Connection:
    url = chosen.url or os.environ.get(URL)
    if not url:
        raise InvalidUrl(f"no URL: give nats://user:password@host:4222/prefix as an argument or in ${URL}")
    text = chosen.options or os.environ.get(OPTIONS) or "{}"
    try:
        options = json.loads(text)
    except ValueError as error:
        raise InvalidOption("--options", f"no JSON: {error}") from error
    if not isinstance(options, dict):
        raise InvalidOption("--options", "no JSON object")
    register()
    return kombu.Connection(url, transport_options=options)


def _pair(text: str) -> tuple[str, str]:
    stream, slash, durable = text.partition("/")
    if not (stream and slash and durable):
        raise argparse.ArgumentTypeError(f"{text!r} is not STREAM/DURABLE")
    return stream, durable


def _show(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _failed(error: TransportError, status: int) -> int:
    sys.stderr.write(f"kombu_jetstream: {error}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
