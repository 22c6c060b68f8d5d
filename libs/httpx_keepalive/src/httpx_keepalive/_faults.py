"""What can go wrong below HTTP, as the errors that httpx's users know."""

from types import TracebackType
from typing import NamedTuple

import h11
import httpx

from httpx_keepalive._connection import ServerGone


class Phase(NamedTuple):
    """`with` it, around the waits of one phase of a request.

    Raises: `late` and `broken`; httpx.LocalProtocolError and httpx.RemoteProtocolError in any phase.
    """

    late: type[httpx.TimeoutException]
    broken: type[httpx.NetworkError]

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        match error:
            case None:
                return
            case TimeoutError():
                raise self.late(str(error)) from error
            case OSError():
                raise self.broken(str(error)) from error
            case ServerGone():
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.") from error
            case h11.LocalProtocolError():
                raise httpx.LocalProtocolError(str(error)) from error
            case h11.RemoteProtocolError():
                raise httpx.RemoteProtocolError(str(error)) from error
            case _:
                return


CONNECTING = Phase(httpx.ConnectTimeout, httpx.ConnectError)
SENDING = Phase(httpx.WriteTimeout, httpx.WriteError)
READING = Phase(httpx.ReadTimeout, httpx.ReadError)
