"""A server beyond this machine's networks, as the internet is, without leaving the machine: in a network of its own.

It knows no way back to private addresses, as nobody out there does. Needs root and Linux's `ip`.
"""

import os
import secrets
import shutil
import subprocess
import sys
from types import TracebackType
from typing import Self

#: Addresses for documentation: nobody has them.
HOST_ADDRESS = "203.0.113.17"
ADDRESS = "203.0.113.18"
PORT = 8000


def fault() -> str:
    """Why there can be none, or ""."""
    if os.geteuid() != 0:
        return "only root can make a network"
    return "" if shutil.which("ip") else "there is no `ip` (Debian's package iproute2)"


class Outside:
    """Serves on ADDRESS:PORT inside the block."""

    def __init__(self) -> None:
        self._space = f"daybook-{secrets.token_hex(3)}"
        self._near = f"dbk{secrets.token_hex(3)}"

    def __enter__(self) -> Self:
        _ip("netns", "add", self._space)
        try:
            _ip("link", "add", self._near, "type", "veth", "peer", "name", "far", "netns", self._space)
            _ip("addr", "add", f"{HOST_ADDRESS}/30", "dev", self._near)
            _ip("link", "set", self._near, "up")
            _ip("-n", self._space, "addr", "add", f"{ADDRESS}/30", "dev", "far")
            _ip("-n", self._space, "link", "set", "far", "up")
            serve = [sys.executable, "-m", "http.server", str(PORT), "--bind", ADDRESS]
            self._server = subprocess.Popen(
                ["ip", "netns", "exec", self._space, *serve], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except BaseException:
            _ip("netns", "del", self._space)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.terminate()
        self._server.wait(10)
        _ip("netns", "del", self._space)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)
