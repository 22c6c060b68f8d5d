"""Ctrl-C on a worker: somebody's wish, as SIGTERM is, and no failure."""

import signal
from types import FrameType
from typing import Any

from celery import bootsteps


class Interrupts(bootsteps.StartStopStep):
    """The first SIGINT does what SIGTERM does, exit code included; a second one ends what runs, as SIGQUIT does.

    Celery ends with 1 after any SIGINT, whether or not the worker stopped in order: `install_worker_int_handler` in
    celery/apps/worker.py. Its handlers are there when the steps start.
    """

    def start(self, parent: Any) -> None:  # noqa: ARG002 - a step is told whose it is
        warm, cold = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGQUIT)

        def stop(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, cold)
            if callable(warm):
                warm(number, frame)

        signal.signal(signal.SIGINT, stop)
