"""Under `-X dev` with every warning an error, in a process of its own: a socket left open would show."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.counting_http import CountingServer

PROGRAM = """
import asyncio, gc, logging, sys
import httpx
from httpx_keepalive import KeepAliveTransport

url, runs = sys.argv[1], int(sys.argv[2])
transport = KeepAliveTransport()

# A busy machine is slow, and debug mode says so.
logging.disable()

async def ask(path, within_s=30):
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        async with asyncio.timeout(within_s):
            return (await client.get(url + path)).status_code

for number in range(runs):
    assert asyncio.run(ask("/")) == 200
    if number % 50 == 0:
        try:
            asyncio.run(ask("/stall?for=0.4", 0.05))
        except TimeoutError:
            pass
transport.close()
del transport
gc.collect()
print("clean")
"""


@pytest.mark.parametrize("runs", [1000, pytest.param(10_000, marks=pytest.mark.soak)])
def test_many_runs_end_without_a_warning(server: CountingServer, runs: int) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM, server.url, str(runs)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=110, cwd=Path.home(), env={**os.environ}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "clean\n", "")
