"""`python -m gateway serve | migrate | topology | doctor | keys ensure`: the process, done by `gateway.commands`."""

import os
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 failed, 2 told wrongly."""
    # One process counts for itself alone here, whatever was meant for workers. The metrics library looks at this once,
    # when it is imported: so our own modules come after it.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    from gateway.commands import run

    return run(arguments)


if __name__ == "__main__":
    # The first process of a container gets no signal that it did not ask for. `serve` asks for more once it serves.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    sys.exit(main())
