"""nats-py's client, two holes closed: failed attempts keep their sockets, and it does without the TLS it was given."""

from typing import Any

import nats.errors
from nats.aio.client import Client
from typing_extensions import override


class TlsNotOffered(nats.errors.Error):
    """Of nats-py's kind, so that its reconnecting goes on to the next server."""

    @override
    def __str__(self) -> str:
        return "the server offers no TLS"


class TidyClient(Client):
    """Closes the socket of an attempt that came to nothing, refused or not answered; nats-py just forgets it."""

    @override
    async def _process_connect_init(self) -> None:
        try:
            await super()._process_connect_init()
        except BaseException:
            if self._transport is not None:
                self._transport.close()
            raise


class SecuredClient(TidyClient):
    """Refuses to send a login, or anything, over a connection that was to be encrypted and is not."""

    @override
    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        if initial_connection and not info.get("tls_required"):
            if not info.get("tls_available"):
                raise TlsNotOffered
            # The server takes both (`allow_non_tls`); nats-py asks this very mapping whether to shake hands.
            info["tls_required"] = True
        await super()._process_info(info, initial_connection)
