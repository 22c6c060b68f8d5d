"""What a check found, and how checks are run: each has its deadline, and none can end the others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    state: State
    says: str
    #: What to do about it; empty where nothing is to be done.
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    name: str
    run: Callable[[], Awaitable[Iterable[Finding]]]
    #: Where nothing came within `deadline_s`, or an error that nobody foresaw.
    remedy: str
    deadline_s: float = 10.0


@dataclass(frozen=True)
class Result:
    check: str
    findings: tuple[Finding, ...]


def ok(says: str) -> Finding:
    return Finding("ok", says)


def warn(says: str, remedy: str) -> Finding:
    return Finding("warn", says, remedy)


def fail(says: str, remedy: str) -> Finding:
    return Finding("fail", says, remedy)


async def run_checks(checks: Sequence[Check]) -> list[Result]:
    """At the same time, in the order that they were given."""
    found = await asyncio.gather(*map(_run, checks))
    return [Result(check.name, findings) for check, findings in zip(checks, found, strict=True)]


def worst(results: Iterable[Result]) -> State:
    states = {finding.state for result in results for finding in result.findings}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"


async def _run(check: Check) -> tuple[Finding, ...]:
    try:
        async with asyncio.timeout(check.deadline_s):
            return tuple(await check.run())
    except TimeoutError:
        return (fail(f"no answer within {check.deadline_s:g} s", check.remedy),)
    except Exception as error:  # noqa: BLE001 - by its type alone: a message may hold an address with its login
        return (fail(f"{type(error).__name__}", check.remedy),)
