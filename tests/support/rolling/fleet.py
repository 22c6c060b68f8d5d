"""Gateways behind a balancer, and workers: started, and replaced one after another, each in one of three ways."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from support.enrichment import Daybook, Gateway, Worker, kill_group, until
from support.rolling.balancer import Balancer

#: `surge`: the new one is ready before the old one is told to stop. `down_first`: the old one has ended before the new
#: one starts. `killed`: the same, by SIGKILL.
How = Literal["surge", "down_first", "killed"]
Kind = Literal["gateway", "enrichment", "insights"]
Member = Gateway | Worker
READY_S = 90.0


@dataclass(frozen=True)
class Replaced:
    kind: Kind
    how: How
    #: From the signal to the end of the process; with a gateway, the time to drain is in it.
    stop_s: float
    #: From the start of the process until it is ready.
    start_s: float


@dataclass
class Fleet:
    """Leaving it ends every member: what stays would do the work of the tests that come after."""

    daybook: Daybook
    balancer: Balancer
    drain_s: float
    members: list[tuple[Kind, Member]] = field(default_factory=list)
    replaced: list[Replaced] = field(default_factory=list)

    def start(self, kinds: Sequence[Kind]) -> None:
        """One of each, side by side."""
        self.members += [(kind, self._launch(kind)) for kind in kinds]
        for kind, member in self.members:
            self._await(kind, member)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Told first, so that all end at the same time. A gateway takes the second signal, of `stop`, for haste.
        for _, member in self.members:
            if isinstance(member, Gateway) and member.process.running and member.process.pid is not None:
                os.kill(member.process.pid, signal.SIGTERM)
        for _, member in sorted(self.members, key=lambda one: isinstance(one[1], Gateway)):
            member.process.stop()

    def replace(self, kind: Kind, how: How) -> None:
        """The oldest of its kind."""
        old = next(member for its, member in self.members if its == kind)
        if how == "surge":
            start_s = self._begin(kind)
            stop_s = self._end(old, how)
        else:
            stop_s = self._end(old, how)
            start_s = self._begin(kind)
        self.members.remove((kind, old))
        self.replaced.append(Replaced(kind, how, stop_s, start_s))

    def _begin(self, kind: Kind) -> float:
        began_s = time.monotonic()
        new = self._launch(kind)
        self.members.append((kind, new))
        self._await(kind, new)
        return time.monotonic() - began_s

    def _launch(self, kind: Kind) -> Member:
        match kind:
            case "gateway":
                return self.daybook.gateway(ready=False, GATEWAY_DRAIN_S=str(self.drain_s))
            case "enrichment":
                return self.daybook.worker(ready=False, ENRICHMENT_ACK_WAIT_S="6")
            case "insights":
                return self.daybook.insights_worker(ready=False, INSIGHTS_ACK_WAIT_S="6")

    def _await(self, kind: Kind, member: Member) -> None:
        member.ready()
        if kind == "gateway":
            self.balancer.add(member.port)
            until(lambda: self.balancer.is_ready(member.port), within_s=READY_S)

    def _end(self, member: Member, how: How) -> float:
        began_s = time.monotonic()
        if how != "killed":
            member.process.stop()
            assert member.process.exit_code == 0, member.process.log_tail()
        elif isinstance(member, Worker):
            kill_group(member)
        else:
            member.process.kill()
        if isinstance(member, Gateway):
            self.balancer.remove(member.port)
        return time.monotonic() - began_s
