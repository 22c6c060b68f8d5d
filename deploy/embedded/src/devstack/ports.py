"""Ports: free ones on this machine, whether one is taken, and what a person wrote as one."""

import socket

HOST = "127.0.0.1"


_LAST = 65535


def port_of(text: str) -> int:
    """Raises: ValueError, for people."""
    if not text.isdecimal() or not 1 <= int(text) <= _LAST:
        raise ValueError(f"{text} is no port: they go from 1 to {_LAST}")
    return int(text)


def free_port(preferred: int = 0) -> int:
    """`preferred` if nobody has it, else one that nobody has at this moment."""
    if preferred and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
