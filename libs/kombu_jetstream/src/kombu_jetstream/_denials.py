"""What the server forbade this process's user: it says so on the connection, and the request just gets no answer."""

import re
from weakref import WeakKeyDictionary

from nats.aio.client import Client

from kombu_jetstream.errors import NotPermitted

_VIOLATION = re.compile(r'permissions violation for (publish|subscription) to "([^"]+)"', re.IGNORECASE)

#: By connection: subjects in lower case, which is how nats-py hands the server's words on.
_denied: WeakKeyDictionary[Client, dict[str, str]] = WeakKeyDictionary()


def note_denial(client: Client, error: Exception) -> NotPermitted | None:
    """The error to tell of, if `error` is a denial and the first one of its subject."""
    found = _VIOLATION.search(str(error))
    if found is None:
        return None
    verb, subject = found[1].lower(), found[2].lower()
    known = _denied.setdefault(client, {})
    if subject in known:
        return None
    known[subject] = verb
    return NotPermitted(verb, subject)


def check_denied(client: Client, subject: str) -> None:
    """Call it when no answer came.

    Raises:
        NotPermitted: the server forbade publishing to `subject` over this connection.
    """
    if _denied.get(client, {}).get(subject.lower()) == "publish":
        raise NotPermitted("publish", subject)


async def check_listening(client: Client, inbox_prefix: str) -> None:
    """Call it after the first subscription: without answers nothing else would tell.

    Raises:
        NotPermitted: the server forbade listening on an inbox.
    """
    # Twice: nats-py's ping overtakes what it has not sent yet.
    await client.flush()
    await client.flush()
    if "subscription" in _denied.get(client, {}).values():
        raise NotPermitted("subscription", f"{inbox_prefix}.>")


def forget_denials(client: Client) -> None:
    """The connection is a new one, and permissions may have changed."""
    _denied.pop(client, None)
