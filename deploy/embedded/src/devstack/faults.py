"""Why the stack does not come up, in words for the person who started it."""

from pathlib import Path


class StackFault(Exception):
    """The message says what happened and which setting or command helps."""


class StartFailed(StackFault):
    def __init__(self, name: str, why: str, log: Path) -> None:
        super().__init__(f"{name} did not start: {why}\n  its log: {log}")
        self.name = name
        self.log = log


class NotForRoot(StackFault):
    def __init__(self, path: Path, user: str) -> None:
        super().__init__(
            f"PostgreSQL refuses to run as root, and the user {user} cannot enter {path}. Run as an ordinary user, "
            f"allow it with `chmod o+x {path}`, or set DAYBOOK_HOME to a folder that others may enter."
        )
