"""`python -m insights_worker work`: serve until SIGTERM, then finish what was taken. `beat`: keep the clock."""

import argparse
import os
import signal
import sys
import tempfile

_SHARED = "PROMETHEUS_MULTIPROC_DIR"


def main() -> int:
    parser = argparse.ArgumentParser(prog="insights_worker", description="Reflections and insights for Daybook")
    parser.add_argument("command", choices=["work", "beat"])
    command = parser.parse_args().command
    # The pool's children count in files that the main process adds up. No two workers may share them, so this one has a
    # folder of its own wherever the variable points. The metrics library looks at it once, when it is imported: so our
    # own modules come after it.
    with tempfile.TemporaryDirectory(prefix="daybook-metrics-", dir=os.environ.get(_SHARED)) as own:
        os.environ[_SHARED] = own
        from insights_worker.app import create_app
        from insights_worker.settings import Settings
        from worker_kit import serve_beat, serve_worker

        if command == "beat":
            return serve_beat(
                "insights-beat",
                Settings,
                create_app,
                port_of=lambda settings: settings.beat_metrics_port,
                distribution="daybook-insights-worker",
            )
        return serve_worker("insights-worker", Settings, create_app)


if __name__ == "__main__":
    # The first process of a container gets no signal that it did not ask for, and Celery asks only after some seconds.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda number, _frame: sys.exit(128 + number))
    sys.exit(main())
