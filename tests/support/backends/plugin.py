"""What pytest does about backends: refuses what cannot be had, tells what was chosen, and counts what ran on it."""

from collections.abc import Generator, Iterator

import pytest

from support.backends.choice import Backend, BackendMissing, Choice, choices, in_container, lines
from support.backends.engine import remove_left
from support.backends.usage import USAGE

#: While a container starts, the engine's proxy takes connections on the published port and drops them. After such a try
#: nats-py leaves its transport unclosed and opens the next; where nobody listens it is refused and has none to leave.
PROXY_LEAK = "ignore:unclosed (<StreamWriter|transport|<socket):ResourceWarning"

_KEPT_OFF = pytest.StashKey[dict[str, int]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_KEPT_OFF] = {}
    try:
        chosen = choices()
    except BackendMissing as error:
        raise pytest.UsageError(str(error)) from error
    if _containers(chosen):
        remove_left(own=False)
    if in_container("nats"):
        config.addinivalue_line("filterwarnings", PROXY_LEAK)


def pytest_unconfigure() -> None:
    try:
        chosen = choices()
    except BackendMissing:
        return
    if _containers(chosen):
        remove_left(own=True)


def pytest_report_header() -> list[str]:
    return lines(choices())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept_off = config.stash[_KEPT_OFF]
    for item in items:
        marker = item.get_closest_marker("embedded_only")
        if marker is None:
            continue
        server, why = marker.args
        if in_container(server):
            kept_off[why] = kept_off.get(why, 0) + 1
            item.add_marker(pytest.mark.skip(reason=f"not on a {server} container: {why}"))


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
    with USAGE.at_work(fixturedef):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    try:
        with USAGE.at_work(item):
            return (yield)
    finally:
        known = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009 - private, and the one place that knows
        USAGE.count(item, [definition for definitions in known.values() for definition in definitions])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _containers(choices()):
        return
    terminalreporter.section("servers")
    for line in _told(config):
        terminalreporter.write_line(line)


def _told(config: pytest.Config) -> Iterator[str]:
    yield from lines(choices())
    yield from USAGE.lines()
    for why, number in config.stash[_KEPT_OFF].items():
        yield f"kept off containers: {number} tests, {why}"


def _containers(chosen: dict[str, Choice]) -> bool:
    return any(one.backend is Backend.CONTAINERS for one in chosen.values())
