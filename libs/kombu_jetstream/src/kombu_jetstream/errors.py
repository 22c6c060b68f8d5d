"""Everything this transport raises, and whether trying again can help.

```text
TransportError
|- InvalidOption           permanent   a broker_transport_options or broker_use_ssl entry is wrong (also a ValueError)
|- InvalidUrl              permanent   the broker URL lacks what the transport needs (also a ValueError)
|- MessageTooLarge         permanent   body and headers exceed the server's max_payload
|- ServerTooOld            permanent   before nats-server 2.12: delayed tasks would be lost
|- NotPermitted            permanent   the NATS user may not do this
|- ApiError                permanent   JetStream refused an administrative request
|  |- TopologyMissing      permanent   a stream or consumer is not there, and we were told not to make it
|  `- TopologyConflict     permanent   one is there, or its settings are, that does not go with what was asked
`- ConnectionFault         retryable   kombu reconnects on these
   |- CannotConnect        retryable   no server answered
   |  |- LoginRefused      retryable   a server answered and refused the login
   |  `- TlsFailed         retryable   a certificate was refused, by us or by the server, or the server has no TLS
   |- JetStreamUnavailable retryable   nobody answers: JetStream is off, or not up yet, or most of a cluster is away
   |- LinkClosed           retryable   the connection is gone for good
   `- PublishNotConfirmed  retryable   no stream acknowledged the message in time; the same message id may be sent again
                                       (kombu does not: it has been tried for publish_timeout_s already)
```
"""

from kombu.exceptions import OperationalError

#: The remedy where a leader may be missing.
MAJORITY = "look whether the server, or of a cluster more than half of the servers, are up"


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


class ServerTooOld(TransportError):
    def __init__(self, version: str) -> None:
        super().__init__(
            f"nats-server {version} cannot hold delayed messages: it would take tasks with an ETA or countdown, and "
            "never deliver them; use 2.12 or later"
        )
        self.version = version


class NotPermitted(TransportError):
    def __init__(self, verb: str, subject: str) -> None:
        lists = "worker_permissions, client_permissions and monitor_permissions list what each kind of program needs"
        if verb == "subscription":
            lists = "allow <inbox_prefix>.> and set the option inbox_prefix to the same"
        super().__init__(f"the NATS user is denied {verb} to {subject}; {lists}")
        self.verb = verb
        self.subject = subject


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
        source = f" ({subject}, code {code}, err_code {err_code})" if code else ""
        super().__init__(f"{place}: {description}{advice}{source}")
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


class JetStreamUnavailable(ConnectionFault):
    def __init__(self, subject: str, remedy: str) -> None:
        super().__init__(f"nobody answers on {subject}: {remedy}")
        self.subject = subject


class PublishNotConfirmed(ConnectionFault, OperationalError):
    """Also what Celery's callers know as kombu's `OperationalError`."""

    def __init__(self, subject: str, waited_s: float, met: Exception | None = None) -> None:
        reason = f"; the last attempt met: {str(met) or type(met).__name__}" if met is not None else ""
        super().__init__(f"no stream confirmed a message on {subject} within {waited_s:g} s{reason}; {MAJORITY}")
        self.subject = subject
