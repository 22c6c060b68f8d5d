"""`python -m insights_worker work`: serve until SIGTERM, then finish what was taken."""

import argparse
import os
import sys
import tempfile


def main() -> int:
    parser = argparse.ArgumentParser(prog="insights_worker", description="Reflections and insights for Daybook")
    parser.add_argument("command", choices=["work"])
    parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="daybook-metrics-") as directory:
        # The metrics library looks at this once, when it is imported: so our own modules come after it.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", directory)
        from insights_worker.app import create_app
        from insights_worker.settings import Settings
        from worker_kit import serve_worker

        return serve_worker("insights-worker", Settings, create_app)


if __name__ == "__main__":
    sys.exit(main())
