"""Threads that send tasks without end and remember which ones the broker took."""

import threading
import time
from types import TracebackType
from typing import Self

from celery import Celery

from support.kombu_jetstream.worker import until

STOP_S = 90.0


class Publishers:
    def __init__(self, client: Celery, task: str, *, threads: int = 2, pause_s: float = 0.02) -> None:
        self._client = client
        self._task = task
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(threads)]
        #: Names of tasks that were accepted, in their order by thread.
        self.accepted: list[str] = []
        #: Names of tasks whose sender was told an error: these may have run or not.
        self.refused: dict[str, Exception] = {}
        #: The longest that one send took.
        self.longest_s = 0.0
        #: Whether somebody waits for an answer.
        self.under_way = False

    def wait_for(self, more: int, deadline_s: float = STOP_S) -> None:
        """Until so many more tasks were accepted."""
        goal = len(self.accepted) + more
        until(lambda: len(self.accepted) >= goal, deadline_s)

    def stop(self) -> set[str]:
        """Ends the load; returns what was accepted."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(STOP_S)
        assert not any(thread.is_alive() for thread in self._threads)
        return set(self.accepted)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _send(self, thread: int) -> None:
        number = 0
        while not self._stopping.wait(self._pause_s):
            name, began_s = f"{thread}-{number}", time.monotonic()
            number += 1
            self.under_way = True
            try:
                self._client.send_task(self._task, args=(name,))
            except Exception as error:  # noqa: BLE001 - the test asks which
                self.refused[name] = error
            else:
                self.accepted.append(name)
            self.longest_s = max(self.longest_s, time.monotonic() - began_s)
