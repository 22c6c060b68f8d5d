"""What is being written at this moment, from a worker to every gateway, over core NATS: nothing of it is stored.

A frame says all that was written so far, so that none depends on the one before: a gateway that starts in the middle,
or that missed some, is whole again with the next.
"""

from typing import Literal
from uuid import UUID

from contracts.identifiers import JournalName
from contracts.model import Value

LiveState = Literal["writing", "done", "failed"]


class ReflectionFrame(Value):
    journal: JournalName
    entry_id: UUID
    version: int
    #: UUIDv7 of one attempt: a later one replaces what an earlier one wrote.
    run: UUID
    state: LiveState
    text: str = ""
    questions: tuple[str, ...] = ()
