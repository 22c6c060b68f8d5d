"""Start again what ended by itself, ever more slowly while it keeps ending."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from devstack.faults import StartFailed
from devstack.stack import Part, Stack

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
#: Whoever ran for so long starts with a short wait again.
_STEADY_S = 60.0


@dataclass
class _History:
    restarts: int = 0
    wait_s: float = _FIRST_WAIT_S
    due_s: float | None = None
    started_s: float = 0.0


class Supervisor:
    """Call `tick` now and then from the thread that started the stack: the processes end with that thread."""

    def __init__(
        self, stack: Stack, *, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stack = stack
        self._say = say
        self._clock = clock
        self._history = {part.name: _History(started_s=clock()) for part in stack.parts}

    def restarts(self, part: Part) -> int:
        return self._history[part.name].restarts

    def tick(self) -> None:
        for part in self._stack.parts:
            history = self._history[part.name]
            if part.process.running:
                if self._clock() - history.started_s > _STEADY_S:
                    history.wait_s = _FIRST_WAIT_S
            elif history.due_s is None:
                history.due_s = self._clock() + history.wait_s
                code = part.process.exit_code
                self._say(f"{part.name} ended with code {code}; starting again in {history.wait_s:g} s")
            elif self._clock() >= history.due_s:
                self._again(part, history)

    def _again(self, part: Part, history: _History) -> None:
        history.due_s = None
        history.restarts += 1
        history.wait_s = min(2 * history.wait_s, _LONGEST_WAIT_S)
        history.started_s = self._clock()
        try:
            self._stack.start_again(part.name)
        except StartFailed as fault:
            self._say(str(fault))
