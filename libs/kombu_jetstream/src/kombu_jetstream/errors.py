"""Everything this transport raises, and whether trying again can help.

```text
TransportError
|- InvalidOption           permanent   a broker_transport_options or broker_use_ssl entry is wrong (also a ValueError)
|- InvalidUrl              permanent   the broker URL lacks what the transport needs (also a ValueError)
|- MessageTooLarge         permanent   body and headers exceed the server's max_payload
|- ApiError                permanent   JetStream refused an administrative request
|  |- TopologyMissing      permanent   a stream or consumer is not there, and we were told not to make it
|  `- TopologyConflict     permanent   one is there, or its settings are, that does not go with what was asked
`- ConnectionFault         retryable   kombu reconnects on these
   |- CannotConnect        retryable   no server answered
   |  |- LoginRefused      retryable   a server answered and refused the login
   |  `- TlsFailed         retryable   a certificate was refused, by us or by the server, or the server has no TLS
   |- LinkClosed           retryable   the connection is gone for good
   `- PublishNotConfirmed  retryable   no stream acknowledged the message in time; the same message id may be sent again
```
"""


class TransportError(Exception):
    """The root of the tree."""

    retryable: bool = False


class InvalidOption(TransportError, ValueError):
    """A setting cannot be used: `setting` is the mapping that holds it, `broker_use_ssl` for TLS files."""

    def __init__(self, option: str, reason: str, setting: str = "broker_transport_options") -> None:
        super().__init__(f"{setting}[{option!r}]: {reason}")
        self.option = option


class InvalidUrl(TransportError, ValueError):
    """The broker URL cannot be used as it is."""


class MessageTooLarge(TransportError):
    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"the message is {size_bytes} bytes with its headers, the NATS server takes {limit_bytes}: "
            "pass a reference instead of the data, or raise max_payload on the server"
        )
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class ApiError(TransportError):
    """JetStream refused a request.

    Source: https://github.com/nats-io/nats-server/blob/main/server/errors.json for the values of `err_code`.
    """

    def __init__(
        self,
        subject: str,
        code: int,
        err_code: int,
        description: str,
        *,
        stream: str = "",
        consumer: str = "",
        remedy: str = "",
    ) -> None:
        place = ", ".join(
            [f"{kind} {name}" for kind, name in (("stream", stream), ("consumer", consumer)) if name] or [subject]
        )
        advice = f"; {remedy}" if remedy else ""
        super().__init__(f"{place}: {description}{advice} ({subject}, code {code}, err_code {err_code})")
        self.subject = subject
        self.code = code
        self.err_code = err_code
        self.stream = stream
        self.consumer = consumer
        self.remedy = remedy


class TopologyMissing(ApiError):
    """A stream or durable consumer is not there, and it is not for us to make it."""


class TopologyConflict(ApiError):
    """A stream or consumer of that name is there, but made for something else."""


class ConnectionFault(TransportError):
    retryable = True


class CannotConnect(ConnectionFault):
    """No server answered at the given addresses, or it refused us."""


class LoginRefused(CannotConnect):
    """A wrong, expired or missing login. Retryable all the same: a server's users can be set right while we wait."""


class TlsFailed(CannotConnect):
    """The handshake failed; the message names the setting. Retryable: certificates are renewed on the server."""


class LinkClosed(ConnectionFault):
    """The connection was closed and will not come back by itself."""


class PublishNotConfirmed(ConnectionFault):
    def __init__(self, subject: str, waited_s: float, met: Exception | None = None) -> None:
        reason = f"; the last attempt met: {str(met) or type(met).__name__}" if met is not None else ""
        super().__init__(f"no stream confirmed a message on {subject} within {waited_s:g} s{reason}")
        self.subject = subject
