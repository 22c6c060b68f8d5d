"""What the server forbade this process's user: it says so on the connection, and the request just gets no answer."""

import re
import time
from weakref import WeakKeyDictionary

from nats.aio.client import Client

from kombu_jetstream.errors import NotPermitted

_VIOLATION = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"', re.IGNORECASE)

#: A denial explains a silence for so long. Permissions may be mended while we are connected.
FRESH_S = 10.0

#: By connection: when a subject was last denied. In lower case, which is how nats-py hands the server's words on.
_denied: WeakKeyDictionary[Client, dict[tuple[str, str], float]] = WeakKeyDictionary()


def note_denial(client: Client, error: Exception) -> NotPermitted | None:
    """The error to tell of, if `error` is a denial and the first one of its subject."""
    found = _VIOLATION.search(str(error))
    if found is None:
        return None
    verb, subject = found[1].lower(), found[2].lower()
    known = _denied.setdefault(client, {})
    first = (verb, subject) not in known
    known[verb, subject] = time.monotonic()
    return NotPermitted(verb, subject) if first else None


def check_denied(client: Client, subject: str) -> None:
    """Call it when no answer came.

    Raises:
        NotPermitted: the server has just forbidden publishing to `subject` over this connection.
    """
    denied_s = _denied.get(client, {}).get(("publish", subject.lower()), float("-inf"))
    if time.monotonic() - denied_s < FRESH_S:
        raise NotPermitted("publish", subject)


async def check_listening(client: Client, inbox_prefix: str) -> None:
    """Call it after the first subscription: without answers nothing else would tell.

    Raises:
        NotPermitted: the server forbade listening on an inbox.
    """
    # Twice: nats-py's ping overtakes what it has not sent yet.
    await client.flush()
    await client.flush()
    if any(verb == "subscription" for verb, _ in _denied.get(client, {})):
        raise NotPermitted("subscription", f"{inbox_prefix}.>")


def forget_denials(client: Client) -> None:
    """The connection is a new one, and permissions may have changed."""
    _denied.pop(client, None)
