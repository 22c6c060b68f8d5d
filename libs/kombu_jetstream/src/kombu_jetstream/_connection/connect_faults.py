"""Why there is no connection: nats-py's errors and OpenSSL's, as ours, with the setting that helps."""

import ssl

import nats.errors

from kombu_jetstream._connection.client import TlsNotOffered
from kombu_jetstream._connection.endpoint import Endpoint
from kombu_jetstream.errors import CannotConnect, InvalidOption, LoginRefused, TlsFailed

#: OpenSSL's verify codes, as a reason and its remedy.
_CERTIFICATE_FAULTS = {
    9: "it is not valid yet: look at the clocks",
    10: "it has expired",
    62: "it is for another host name: set option 'tls_hostname' to a name that it holds",
    64: "it is for another address: set option 'tls_hostname' to a name that it holds",
} | dict.fromkeys((18, 19, 20, 21), "its authority is not known: name it by broker_use_ssl['ca_certs']")

_CLIENT_CERTIFICATE = "it wants a client certificate that it accepts, see broker_use_ssl['certfile'] and ['keyfile']"


def fault(endpoint: Endpoint, errors: list[Exception]) -> CannotConnect:
    """The most telling of what was met on the way: a refusal says more than a server that is away."""
    servers = ", ".join(endpoint.servers)
    for error in errors:
        if is_refusal(error):
            return LoginRefused(f"NATS at {servers} refuses {endpoint.login.told}: {_plain(error)}")
    for error in errors:
        if (reason := tls_reason(error)) is not None:
            return TlsFailed(f"no TLS with NATS at {servers}: {reason}")
    if endpoint.tls is not None and any(isinstance(error, ConnectionResetError | BrokenPipeError) for error in errors):
        # Its alert, if it sent one, was overtaken by the end of the connection.
        return TlsFailed(f"no TLS with NATS at {servers}: the server hung up: perhaps {_CLIENT_CERTIFICATE}")
    told = [error for error in errors if not isinstance(error, nats.errors.NoServersError)] or errors
    reasons = dict.fromkeys(_plain(error) for error in told)
    return CannotConnect(f"no NATS server at {servers}: {'; '.join(reasons)}")


def setback(endpoint: Endpoint, error: Exception) -> str | None:
    """What keeps a client from reconnecting, where waiting alone does not help; None for a server that is away."""
    if isinstance(error.__cause__, InvalidOption):
        return str(error)
    return str(fault(endpoint, [error])) if is_refusal(error) or tls_reason(error) is not None else None


def is_refusal(error: Exception) -> bool:
    """Whether a server said that the login is not good (or no longer)."""
    text = str(error).lower()
    return isinstance(error, nats.errors.AuthorizationError) or (
        isinstance(error, nats.errors.Error) and ("authorization" in text or "authentication" in text)
    )


def tls_reason(error: Exception) -> str | None:
    """What kept TLS from coming about, with the setting that helps; None if `error` is about something else."""
    match error:
        case ssl.SSLCertVerificationError():
            told = _CERTIFICATE_FAULTS.get(error.verify_code, error.verify_message)
            return f"the server's certificate is refused: {told}"
        case ssl.SSLError() if "ALERT" in (error.reason or ""):
            told = (error.reason or "").partition("ALERT_")[2].replace("_", " ").lower()
            return f"the server ended it ({told}): {_CLIENT_CERTIFICATE}"
        case ssl.SSLError():
            return f"the handshake failed ({error.reason or error})"
        case TlsNotOffered():
            return f"{error}, and nothing is sent in plain text: write nats:// without broker_use_ssl if that is meant"
        case _:
            return None


def _plain(error: Exception) -> str:
    return str(error).removeprefix("nats: ").strip("'") or type(error).__name__
