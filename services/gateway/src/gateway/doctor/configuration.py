"""The settings themselves: what they switch off, where they send texts, and who may read the secrets."""

import asyncio
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from gateway.doctor.findings import Check, Finding, fail, ok, warn
from gateway.settings import Settings
from service_settings import secrets_folder
from telemetry import public_addresses

_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


def configuration_check(settings: Settings) -> Check:
    async def run() -> Iterable[Finding]:
        found = list(_switches(settings))
        folder = secrets_folder()
        if folder is not None:
            found += _readable(folder)
        return found or [ok("nothing is switched off that protects a writer")]

    return Check("settings", run, "see docs/watching.md")


def addresses_check(settings: Settings) -> Check:
    async def run() -> Iterable[Finding]:
        urls = {
            "GATEWAY_DATABASE_URL": settings.database_url.get_secret_value(),
            "GATEWAY_NATS_URL": settings.nats_url.get_secret_value(),
            "GATEWAY_QDRANT_URL": settings.qdrant_url,
        }
        found = await asyncio.gather(*(_public(name, url) for name, url in urls.items()))
        return [finding for finding in found if finding] or [ok("all servers are on this machine or a private network")]

    return Check("addresses", run, "does the name server answer?", deadline_s=5.0)


def _switches(settings: Settings) -> Iterator[Finding]:
    if settings.care == "off":
        yield warn(
            "care is off: answers are made up to texts that speak of suicide or self-harm",
            "leave GATEWAY_CARE unset; see docs/care.md",
        )
    if settings.lexicon_key is None:
        yield warn(
            "no lexicon key is set: searches find by meaning alone",
            "set GATEWAY_LEXICON_KEY and ENRICHMENT_LEXICON_KEY to the same secret",
        )


def _readable(folder: Path) -> Iterator[Finding]:
    """Secrets of a container's orchestrator are 0444 in a folder that is the container's alone; a host's are not."""
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        mode = path.stat().st_mode
        if mode & stat.S_IWOTH:
            yield fail(f"everybody may write {path}", f"chmod 600 {path}")
        elif mode & _OTHERS and folder != Path("/run/secrets"):
            yield warn(f"others than its owner may read {path}", f"chmod 600 {path}")


async def _public(name: str, url: str) -> Finding | None:
    host = urlsplit(url).hostname
    if host is None:
        return None
    addresses = await asyncio.to_thread(public_addresses, host)
    if not addresses:
        return None
    return warn(
        f"{name} names a public address: what is written leaves your network",
        "use a server of this machine or of a private network",
    )
