"""What a NATS server must be able to do, read from what it tells when we connect."""

import re
from typing import Any

from nats.aio.client import Client

from kombu_jetstream.errors import ServerTooOld

#: Older ones take a message with a schedule, ignore the schedule, and never deliver it.
NEEDED = (2, 12)


def check_version(version: str) -> None:
    """Refuse a server that cannot hold delayed messages. A version that cannot be read passes.

    Raises:
        ServerTooOld: it is older than 2.12.
    """
    found = re.match(r"v?(\d+)\.(\d+)", version)
    if found is not None and (int(found[1]), int(found[2])) < NEEDED:
        raise ServerTooOld(version)


def version_of(client: Client) -> str:
    return str(_told(client).get("version", ""))


def offers_jetstream(client: Client) -> bool:
    """Whether the server that we are connected to runs JetStream itself."""
    return bool(_told(client).get("jetstream"))


def _told(client: Client) -> dict[str, Any]:
    # Private; the public properties hand out parts of it, and of these none.
    return getattr(client, "_server_info", None) or {}
