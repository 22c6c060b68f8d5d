"""A process that makes spans, forks, and makes some more: `python -m support.tracing_process ENDPOINT`."""

import os
import sys
import time

from telemetry import configure_logging, configure_tracing, flush_tracing, span

configure_logging(service="tracing-process")
configure_tracing(service="tracing-process", endpoint=sys.argv[1])
with span("before the fork"):
    pass
flush_tracing()  # so that a connection is open when the fork comes
children = []
for number in range(3):
    child = os.fork()
    if child == 0:
        with span(f"child {number}"):
            pass
        flush_tracing()
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
began_s = time.monotonic()
with span("after the fork"):
    pass
flush_tracing()
sys.stdout.write(str(time.monotonic() - began_s))
