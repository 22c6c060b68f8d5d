"""Which test ran on which server of which backend, seen from the servers that its fixtures and the test itself made."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Used = frozenset[tuple[str, str]]


class Usage:
    """`owner` is a fixture's definition or a test: whoever is at work when a server is made has made it."""

    def __init__(self) -> None:
        self._owners: list[Any] = []
        self._made: dict[int, set[tuple[str, str]]] = {}
        self.tests: Counter[Used] = Counter()

    @contextmanager
    def at_work(self, owner: object) -> Iterator[None]:
        self._owners.append(owner)
        try:
            yield
        finally:
            self._owners.pop()

    def note(self, server: str, backend: str) -> None:
        if self._owners:
            self._made.setdefault(id(self._owners[-1]), set()).add((server, backend))

    def count(self, test: object, fixtures: list[object]) -> None:
        """The test has run, with these fixtures around it."""
        self.tests[frozenset().union(*(self._made.get(id(owner), set()) for owner in (test, *fixtures)))] += 1

    def lines(self) -> Iterator[str]:
        servers: Counter[tuple[str, str]] = Counter()
        for used, number in self.tests.items():
            servers.update(dict.fromkeys(used, number))
        for (server, backend), number in sorted(servers.items()):
            yield f"{server} {backend}: {number} tests"
        yield f"none of these servers: {self.tests[frozenset()]} tests"
        yield f"at least one container: {self._with('containers')} of {self.tests.total()} tests"

    def _with(self, backend: str) -> int:
        return sum(number for used, number in self.tests.items() if any(one == backend for _, one in used))


USAGE = Usage()
