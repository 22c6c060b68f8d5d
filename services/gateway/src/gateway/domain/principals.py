"""Who is asking, and what that key may do."""

from dataclasses import dataclass
from typing import Literal, get_args

from gateway.domain.errors import JournalNotFound, ScopeMissing

Scope = Literal["read", "write", "admin", "enrich"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
ALL_JOURNALS = "*"


@dataclass(frozen=True)
class Principal:
    """The holder of an API key."""

    key_id: str
    name: str
    scopes: frozenset[str]
    #: Names of journals, or `*` for all there are and will be.
    journals: frozenset[str]

    def require(self, journal: str, *any_of: Scope) -> None:
        """Let pass a key that holds one of the scopes and may touch the journal.

        A foreign journal is looked at first and answers as one that does not exist, whatever the scopes: a key cannot
        find out which journals there are.

        Raises:
            JournalNotFound: the key may not touch `journal`.
            ScopeMissing: it may, but not like this.
        """
        if ALL_JOURNALS not in self.journals and journal not in self.journals:
            raise JournalNotFound(journal)
        self.require_scope(*any_of)

    def require_scope(self, *any_of: Scope) -> None:
        """Let pass a key that holds one of the scopes, where no journal is spoken of.

        Raises:
            ScopeMissing: it holds none of them.
        """
        if self.scopes.isdisjoint(any_of):
            raise ScopeMissing(any_of)
