"""What is raised here; each is permanent, and for the operator.

SettingsWrong           a process cannot start with what it was told
SecretUnreadable        inside of the above: a file of secrets is there and cannot be read
"""

from collections.abc import Sequence
from pathlib import Path


class SettingsWrong(Exception):
    """`faults`: a line each, with a setting's name and where it came from, and never with its value."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class SecretUnreadable(Exception):
    """`why` is the system's word for it, such as `Permission denied`."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be read: {why}")
        self.path = path
        self.why = why
