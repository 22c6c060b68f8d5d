"""Gateways behind a balancer, and workers: started, and replaced one after another, each in one of three ways."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from support.enrichment import Daybook, Gateway, Worker, kill_group, until
from support.rolling.balancer import Balancer

#: `surge`: the new one is ready before the old one is told to stop. `down_first`: the old one has ended before the new
#: one starts. `killed`: the same, by SIGKILL.
How = Literal["surge", "down_first", "killed"]
Kind = Literal["gateway", "enrichment", "insights"]
Member = Gateway | Worker
READY_S = 60.0


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
    daybook: Daybook
    balancer: Balancer
    drain_s: float
    members: list[tuple[Kind, Member]] = field(default_factory=list)
    replaced: list[Replaced] = field(default_factory=list)

    def start(self, kinds: Sequence[Kind]) -> None:
        """One of each, side by side."""
        started = [(kind, self._launch(kind)) for kind in kinds]
        for kind, member in started:
            self._await(kind, member)
        self.members += started

    def replace(self, kind: Kind, how: How) -> None:
        """The oldest of its kind."""
        old = next(member for its, member in self.members if its == kind)
        if how == "surge":
            new, start_s = self._begin(kind)
            stop_s = self._end(old, how)
        else:
            stop_s = self._end(old, how)
            new, start_s = self._begin(kind)
        self.members.remove((kind, old))
        self.members.append((kind, new))
        self.replaced.append(Replaced(kind, how, stop_s, start_s))

    def _begin(self, kind: Kind) -> tuple[Member, float]:
        began_s = time.monotonic()
        new = self._launch(kind)
        self._await(kind, new)
        return new, time.monotonic() - began_s

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
