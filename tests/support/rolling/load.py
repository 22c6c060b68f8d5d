"""Writers and followers of several journals, in a thread of their own, while the test replaces what serves them."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from support.rolling.clients import PatientClient, Told, follow, write

START_S = 60.0
END_S = 120.0
#: Nobody hears more than is written: how long followers are waited for.
LAST_EVENTS_S = 90.0


class Load:
    """Begins on entering. `finish` has the writers end; `told` is what they, and the followers, were told."""

    def __init__(self, url: str, headers: dict[str, str], journals: Sequence[str], *, reflect: bool) -> None:
        self.told = [Told(journal) for journal in journals]
        self._url = url
        self._headers = headers
        self._reflect = reflect
        self._writers_end = threading.Event()
        self._all_end = threading.Event()
        self._opened = threading.Event()
        self._finished = threading.Event()
        self._failures: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    @property
    def entries(self) -> int:
        return sum(len(told.entries) for told in self.told)

    @property
    def retries(self) -> Counter[str]:
        return sum((told.retries for told in self.told), Counter())

    @property
    def ends(self) -> Counter[str]:
        return sum((told.ends for told in self.told), Counter())

    @property
    def requests(self) -> int:
        return sum(told.requests for told in self.told)

    def check(self) -> None:
        """Raises what a client met that it should not have."""
        if self._failures:
            raise self._failures[0]

    def finish(self) -> None:
        """Returns when each writer has had its last answer. Followers go on."""
        self._writers_end.set()
        assert self._finished.wait(END_S), "the writers did not end"
        self.check()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._opened.wait(START_S), self._failures or "the event streams did not open"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writers_end.set()
        self._all_end.set()
        self._thread.join(END_S)
        assert not self._thread.is_alive(), "the load did not end"

    def _run(self) -> None:
        try:
            asyncio.run(self._use())
        except* (AssertionError, OSError, RuntimeError, ValueError, LookupError) as errors:
            self._failures += errors.exceptions
        finally:
            self._opened.set()
            self._finished.set()

    async def _use(self) -> None:
        opened = [asyncio.Event() for _ in self.told]
        clients: list[PatientClient] = []
        try:
            async with asyncio.TaskGroup() as group:
                followers: list[asyncio.Task[None]] = []
                for told, is_open in zip(self.told, opened, strict=True):
                    clients.append(PatientClient(self._url, self._headers, told))
                    followers.append(group.create_task(follow(clients[-1], told, is_open)))
                for is_open in opened:
                    await is_open.wait()
                self._opened.set()
                async with asyncio.TaskGroup() as writing:
                    for told in self.told:
                        clients.append(PatientClient(self._url, self._headers, told))
                        writing.create_task(write(clients[-1], told, self._writers_end.is_set, reflect=self._reflect))
                self._finished.set()
                while not self._all_end.is_set():
                    await asyncio.sleep(0.05)
                for follower in followers:
                    follower.cancel()
        finally:
            for client in clients:
                await client.http.aclose()
