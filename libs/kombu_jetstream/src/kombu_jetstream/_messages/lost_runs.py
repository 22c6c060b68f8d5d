"""What is known of a message's earlier runs, where the message itself cannot say it."""

import json
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Runs:
    """Of one message. The server counts deliveries, and knows no lost run from one that was handed back."""

    #: Runs that ended with their process.
    lost: int = 0
    #: Another one began, and nobody has told its end.
    unfinished: bool = False

    @classmethod
    def from_wire(cls, body: bytes) -> Self:
        """Raises: ValueError, KeyError, TypeError where it is no note of ours."""
        told = json.loads(body)
        return cls(int(told["lost"]), bool(told["unfinished"]))

    def to_wire(self) -> bytes:
        return json.dumps({"lost": self.lost, "unfinished": self.unfinished}).encode()
