"""`python -m enrichment_worker work`: serve until SIGTERM, then finish what was taken."""

import argparse
import os
import signal
import sys
import tempfile

_SHARED = "PROMETHEUS_MULTIPROC_DIR"


def main() -> int:
    parser = argparse.ArgumentParser(prog="enrichment_worker", description="Embeddings and moods for Daybook")
    parser.add_argument("command", choices=["work"])
    parser.parse_args()
    # The pool's children count in files that the main process adds up. No two workers may share them, so this one has a
    # folder of its own wherever the variable points. The metrics library looks at it once, when it is imported: so our
    # own modules come after it.
    with tempfile.TemporaryDirectory(prefix="daybook-metrics-", dir=os.environ.get(_SHARED)) as own:
        os.environ[_SHARED] = own
        from enrichment_worker.app import create_app
        from enrichment_worker.settings import Settings
        from worker_kit import serve_worker

        return serve_worker("enrichment-worker", Settings, create_app)


if __name__ == "__main__":
    # The first process of a container gets no signal that it did not ask for, and Celery asks only after some seconds.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda number, _frame: sys.exit(128 + number))
    sys.exit(main())
