"""Commands of `python -m gateway`: `serve | migrate | topology | doctor | given-up | keys ...`. `recovery` has more."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import nats
import structlog
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from pydantic import TypeAdapter, ValidationError

from contracts.identifiers import JournalName
from gateway.command_failures import CommandFailed, fields_of, line_of
from gateway.db.diagnosis import list_given_up
from gateway.db.migrations import migrate
from gateway.db.store import AWAY, Store
from gateway.domain.errors import KeyInvalid
from gateway.domain.principals import ALL_JOURNALS, SCOPES
from gateway.key_files import read_or_mint
from gateway.messaging.nats_link import log_error
from gateway.messaging.topology import apply_topology
from gateway.recovery import kinds_of, run_erase_again, run_erasures, run_reindex
from gateway.service.keys import ensure_key, is_key, list_keys, revoke_key
from gateway.settings import Settings
from service_settings import SettingsWrong, read_settings
from telemetry import configure_logging

_CONNECT_S = 5.0
_STANDARD_INPUT = Path("-")

log = structlog.get_logger()


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 failed, 2 told wrongly. What failed is told on standard error."""
    options = parser().parse_args(arguments)
    try:
        settings = read_settings(Settings)
    except SettingsWrong as error:
        sys.stderr.write(f"{error}\n")
        return 2
    configure_logging(service="gateway", log_format=settings.log_format, level=settings.log_level)
    try:
        status: int | None = asyncio.run(options.run(settings, options))
    except Exception as error:  # noqa: BLE001 - the border of the process
        if line := line_of(error):
            sys.stderr.write(f"{line}\n")
        else:
            reason = type(error).__name__
            log.error("gateway.failed", command=options.command, reason=reason, **fields_of(error))
        return 1
    return status or 0


async def _serve(settings: Settings, _options: argparse.Namespace) -> None:
    # Here, because it takes a second that no other command needs.
    from gateway.app import serve

    await serve(settings)


async def _migrate(settings: Settings, _options: argparse.Namespace) -> None:
    try:
        applied = await migrate(settings.database_url.get_secret_value())
    except AWAY as error:
        raise CommandFailed(f"PostgreSQL at GATEWAY_DATABASE_URL cannot be used: {type(error).__name__}") from error
    log.info("schema.migrated", applied=applied)


async def _topology(settings: Settings, _options: argparse.Namespace) -> None:
    try:
        await _apply_topology(settings)
    except APIError as error:
        raise CommandFailed(f"NATS refuses a stream or consumer: {error.description}") from error
    except (OSError, TimeoutError, NatsError) as error:
        raise CommandFailed(f"NATS at GATEWAY_NATS_URL cannot be used: {type(error).__name__}") from error


async def _apply_topology(settings: Settings) -> None:
    async with asyncio.timeout(_CONNECT_S):  # By itself the client would try for ever.
        client = await nats.connect(
            settings.nats_url.get_secret_value(), name="daybook-gateway-topology", error_cb=log_error
        )
    try:
        await apply_topology(client.jetstream(timeout=10), replicas=settings.nats_replicas)
    finally:
        await client.close()


async def _ensure_key(settings: Settings, options: argparse.Namespace) -> None:
    file: Path = options.key_file
    is_told = file == _STANDARD_INPUT
    where = "standard input" if is_told else str(file)
    try:
        key = sys.stdin.read().strip() if is_told else read_or_mint(file)
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}") from error
    if not is_key(key):
        without = "" if is_told else "; without the file, one is made"
        raise CommandFailed(f"{where} holds no key: dbk_, eight hex digits, _ and 43 characters{without}")
    try:
        async with Store(settings.database_url.get_secret_value()) as store:
            principal = await ensure_key(
                store, key, name=options.name, scopes=options.scopes, journals=options.journals
            )
    except KeyInvalid as error:
        told = "was revoked, or has the id of another one: put a new one there"
        raise CommandFailed(f"the key in {where} {told}") from error
    sys.stdout.write(principal.key_id + "\n")


async def _list_keys(settings: Settings, _options: argparse.Namespace) -> None:
    async with Store(settings.database_url.get_secret_value()) as store:
        for key in await list_keys(store):
            who, until = key.principal, key.revoked_at
            state = f"revoked {until:%Y-%m-%dT%H:%MZ}" if until else "valid"
            scopes, journals = ",".join(sorted(who.scopes)), ",".join(sorted(who.journals))
            columns = (who.key_id, f"{key.created_at:%Y-%m-%dT%H:%MZ}", state, who.name, scopes, journals)
            sys.stdout.write("\t".join(columns) + "\n")


async def _revoke_key(settings: Settings, options: argparse.Namespace) -> None:
    async with Store(settings.database_url.get_secret_value()) as store:
        if not await revoke_key(store, options.id):
            raise CommandFailed(f"no key has the id {options.id}: `gateway keys list` shows those that there are")
    log.info("key.revoked", key_id=options.id)


async def _doctor(settings: Settings, options: argparse.Namespace) -> int:
    # Here, because what they import takes half a second.
    from gateway.doctor.checking import check_deployment
    from gateway.doctor.findings import worst
    from gateway.doctor.report import EXIT_CODES, as_json, as_text

    results = await check_deployment(settings)
    sys.stdout.write(as_json(results) if options.json else as_text(results))
    return EXIT_CODES[worst(results)]


async def _list_given_up(settings: Settings, options: argparse.Namespace) -> None:
    async with Store(settings.database_url.get_secret_value()) as store, store.connection() as connection:
        for each in await list_given_up(connection, options.limit):
            columns = (f"{each.since:%Y-%m-%dT%H:%MZ}", each.kind, each.reason, each.journal, str(each.id))
            sys.stdout.write("\t".join(columns) + "\n")


async def _switch_index(settings: Settings, options: argparse.Namespace) -> None:
    # Here, because of what the index brings along.
    from gateway.index_upkeep import run_switch_index

    await run_switch_index(settings, options)


async def _prune(settings: Settings, options: argparse.Namespace) -> None:
    from gateway.index_upkeep import run_prune

    await run_prune(settings, options)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gateway", description="Daybook's gateway. Settings: GATEWAY_... variables.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer HTTP and NATS until stopped").set_defaults(run=_serve)
    commands.add_parser("migrate", help="bring the database schema up to date").set_defaults(run=_migrate)
    commands.add_parser("topology", help="make or update streams and consumers").set_defaults(run=_topology)
    doctor = commands.add_parser(
        "doctor", help="look at the deployment: 0 all is well, 1 something wants a look, 2 something does not work"
    )
    doctor.add_argument("--json", action="store_true", help="for programs")
    doctor.set_defaults(run=_doctor)
    given_up = commands.add_parser("given-up", help="since when, kind, reason, journal and id of results given up")
    given_up.add_argument("--limit", type=int, default=100, help="the newest so many (default: %(default)s)")
    given_up.set_defaults(run=_list_given_up)
    keys = commands.add_parser("keys", help="API keys").add_subparsers(dest="action", required=True)
    ensure = keys.add_parser("ensure", help="have the key of a file known; make file and key if there is none")
    ensure.add_argument("--name", required=True)
    ensure.add_argument("--scopes", required=True, type=_scopes, help=",".join(SCOPES))
    ensure.add_argument("--journals", required=True, type=_journals, help="names with commas between, or *")
    ensure.add_argument("--key-file", required=True, type=Path, help="- is standard input")
    ensure.set_defaults(run=_ensure_key)
    keys.add_parser("list", help="id, age, state, name, scopes and journals of each").set_defaults(run=_list_keys)
    revoke = keys.add_parser("revoke", help="refuse a key from now on, for good")
    revoke.add_argument("id", help="the eight digits behind dbk_")
    revoke.set_defaults(run=_revoke_key)
    _add_recovery(commands)
    return parser


def _add_recovery(commands: Any) -> None:
    reindex = commands.add_parser("reindex", help="have every entry enriched again, at the pace of the workers")
    reindex.add_argument("--journals", type=_names, default=[], help="names with commas between; else all there are")
    reindex.add_argument("--kinds", type=kinds_of, default=["embedding"], help="embedding, mood or both")
    reindex.add_argument("--in-work", type=int, default=500, help="pending at a time, at most (default: %(default)s)")
    reindex.add_argument("--since", type=datetime.fromisoformat, help="go on with the run that told this moment")
    reindex.add_argument("--wait", action="store_true", help="end when nothing is pending any more")
    reindex.set_defaults(run=run_reindex)
    switch = commands.add_parser("switch-index", help="search the vectors of another model, once all are there")
    switch.add_argument("--model", metavar="NAME", help="whose vectors these are (default: GATEWAY_EMBEDDING_MODEL)")
    switch.set_defaults(run=_switch_index)
    prune = commands.add_parser("prune", help="take out of the index what PostgreSQL does not know")
    prune.set_defaults(run=_prune)
    erasures = commands.add_parser("erasures", help="the ids of all that was erased, as a list to keep beside backups")
    erasures.set_defaults(run=run_erasures)
    again = commands.add_parser("erase-again", help="after a restore: erase what was erased since, as the events tell")
    again.add_argument("--list", metavar="FILE", help="as this output of `erasures` tells; - is standard input")
    again.set_defaults(run=run_erase_again)


def _names(text: str) -> list[str]:
    return [name for name in (part.strip() for part in text.split(",")) if name]


def _journals(text: str) -> list[str]:
    names = _names(text)
    if wrong := [name for name in names if name != ALL_JOURNALS and not _is_journal_name(name)]:
        rule = "a name has small letters, digits and hyphens, 63 at most, no hyphen first; * is all"
        raise argparse.ArgumentTypeError(f"no journal can have the name {', '.join(wrong)}: {rule}")
    return names


def _is_journal_name(name: str) -> bool:
    try:
        TypeAdapter(JournalName).validate_python(name)
    except ValidationError:
        return False
    return True


def _scopes(text: str) -> list[str]:
    names = _names(text)
    if unknown := set(names) - set(SCOPES):
        raise argparse.ArgumentTypeError(f"unknown scope {', '.join(sorted(unknown))}; there are {', '.join(SCOPES)}")
    return names
