"""`devstack up`: bring everything up, show how it is, and stop it in order when told to."""

import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from devstack.stack import Say, Stack
from devstack.stack_config import StackConfig
from devstack.status import look, screen, summary, welcome
from devstack.supervision import Supervisor

_LOOK_S = 1.0


def run_up(config: StackConfig, console: Console) -> int:
    """Blocks until SIGINT or SIGTERM.

    Raises:
        StackFault: it cannot come up; the message says what helps.
    """
    began_s = time.monotonic()
    messages: list[str] = []

    def say(line: str) -> None:
        text = f"[{time.monotonic() - began_s:5.1f} s] {line}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    up = threading.Event()
    with _told_to_stop(up) as stop, Stack(config, say=say) as stack:
        up.set()
        supervisor = Supervisor(stack, say=messages.append)
        say(f"up, with {config.models.why}")
        console.print(welcome(stack), markup=False, highlight=False, soft_wrap=True)
        if console.is_terminal:
            _show_live(stack, supervisor, messages, console, stop)
        else:
            _watch(stack, supervisor, messages, say, stop)
        say("stopping")
    say("stopped; the entries stay for the next start")
    return 0


def _show_live(
    stack: Stack, supervisor: Supervisor, messages: list[str], console: Console, stop: threading.Event
) -> None:
    with Live(console=console, auto_refresh=False) as live:
        while not stop.is_set():
            supervisor.tick()
            live.update(screen(look(stack, supervisor), messages), refresh=True)
            stop.wait(_LOOK_S)


def _watch(stack: Stack, supervisor: Supervisor, messages: list[str], say: Say, stop: threading.Event) -> None:
    """Where no terminal is: a line whenever something changed."""
    told = ""
    while not stop.wait(_LOOK_S):
        supervisor.tick()
        while messages:
            say(messages.pop(0))
        line = summary(look(stack, supervisor))
        if line != told:
            say(line)
            told = line


@contextmanager
def _told_to_stop(up: threading.Event) -> Generator[threading.Event, None, None]:
    """Set by the first signal once up. Before that a signal interrupts, and what runs already is stopped."""
    event = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        if not up.is_set() or event.is_set():
            raise KeyboardInterrupt
        event.set()

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
