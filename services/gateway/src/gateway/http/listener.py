"""The socket that HTTP is served on."""

import socket

#: A connection whose client takes nothing for so long is cut.
DEAF_MAX_S = 60.0


def open_listener(host: str, port: int, *, deaf_max_s: float = DEAF_MAX_S) -> socket.socket:
    """It listens already; port 0 takes a free one.

    The server closes what it is done with once its client has taken all, which some never do. The kernel ends that.
    Source: https://man7.org/linux/man-pages/man7/tcp.7.html (TCP_USER_TIMEOUT)

    Raises:
        OSError: the address is taken, or not ours.
    """
    listener = socket.create_server((host, port), backlog=1024)
    # Each connection has its options from here. Without this one an answer's body waits for the client's word that it
    # has the head, which takes 40 ms; asyncio sets it only on sockets that were made with the protocol's number.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux alone has it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(deaf_max_s * 1000))
    return listener
