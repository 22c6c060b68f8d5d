"""The links of this process: one an endpoint, shared by kombu's connections, and none of its parent's."""

import os
import threading

from kombu_jetstream._connection import bridge
from kombu_jetstream._connection.connecting import patience_s
from kombu_jetstream._connection.endpoint import Endpoint
from kombu_jetstream._link.link import DRAIN_S, Link
from kombu_jetstream._topology.options import TransportOptions


class _Links:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.open: dict[tuple[Endpoint, TransportOptions], Link] = {}
        bridge.on_fork(self.forget)

    def forget(self) -> object:
        """In a forked child: let go of the parent's sockets, and return its links.

        A socket kept open would have the server serve a killed parent's subscriptions for as long as a child lives. The
        selector that they are registered with is shared with the parent, so nothing here may be closed or finalized.
        """
        self.lock = threading.Lock()
        inherited, self.open = self.open, {}
        null = os.open(os.devnull, os.O_RDWR)
        for link in inherited.values():
            if link.descriptor is not None:
                os.dup2(null, link.descriptor)
        os.close(null)
        return inherited


_links = _Links()


def acquire(endpoint: Endpoint, options: TransportOptions) -> Link:
    """The process's open connection to `endpoint`. Give it back with `release`.

    Raises:
        CannotConnect: it had to be opened and no server answered.
    """
    with _links.lock:
        link = _links.open.get((endpoint, options))
        if link is None or link.closed:
            link = Link(endpoint, options)
            bridge.bridge().call(link.open(), patience_s(endpoint, options) + 2)
            _links.open[endpoint, options] = link
        link.users += 1
        return link


def release(link: Link) -> None:
    """One user less; the last one closes the connection."""
    with _links.lock:
        link.users -= 1
        if link.users > 0:
            return
        if _links.open.get((link.endpoint, link.options)) is link:
            del _links.open[link.endpoint, link.options]
        bridge.bridge().call(link.close(), DRAIN_S + 3)
