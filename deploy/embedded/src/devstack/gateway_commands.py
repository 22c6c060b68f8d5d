"""`devstack gateway ...` and `devstack doctor`: commands of the gateway, with the settings of the stack that runs."""

import os
import subprocess
import sys

from devstack.faults import StackFault
from devstack.home import Home


def run_gateway(home: Home, arguments: list[str]) -> int:
    """The exit status of `python -m gateway` with these arguments.

    Raises:
        StackFault: no stack runs in this home.
    """
    settings: dict[str, str] | None = home.read_state().get("gateway_settings")
    if settings is None:
        raise StackFault(f"no stack runs in {home.path}. Start it with `make up`, and ask again beside it.")
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(command, env={**os.environ, **settings}, check=False).returncode
