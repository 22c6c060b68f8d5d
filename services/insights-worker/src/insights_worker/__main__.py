"""`python -m insights_worker work`: serve until SIGTERM or SIGINT."""

import argparse
import signal
import sys
import threading
from types import FrameType

from pydantic import ValidationError

from insights_worker.app import serve
from insights_worker.settings import Settings

_CANNOT_LISTEN = 1
_WRONG_SETTINGS = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="insights_worker", description="Reflections and insights for Daybook")
    parser.add_argument("command", choices=["work"])
    parser.parse_args()
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = "_".join(map(str, fault["loc"])).upper()
            print(f"insights-worker: INSIGHTS_{name}: {fault['msg']}", file=sys.stderr)  # noqa: T201
        return _WRONG_SETTINGS
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    try:
        serve(settings, stop)
    except OSError as error:
        where = f"{settings.metrics_host}:{settings.metrics_port}"
        print(f"insights-worker: cannot listen on {where}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return _CANNOT_LISTEN
    return 0


if __name__ == "__main__":
    sys.exit(main())
