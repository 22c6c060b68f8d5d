"""The demo diary: six weeks of one invented person."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from contracts.entries import EntryDraft
from contracts.identifiers import derived_id


@dataclass(frozen=True)
class DiaryEntry:
    #: Line of the file, from 1.
    number: int
    draft: EntryDraft
    #: The same for the same content, so that a second run finds the entry of the first.
    idempotency_key: str

    @property
    def day(self) -> str:
        """Where its writer was, not in UTC: what is written after midnight belongs to that day."""
        assert self.draft.written_at is not None
        return self.draft.written_at.date().isoformat()


@cache
def load_diary() -> tuple[DiaryEntry, ...]:
    """In the order in which they were written."""
    text = (files("devstack.demo") / "diary.jsonl").read_text(encoding="utf-8")
    return tuple(_entry(number, json.loads(line)) for number, line in enumerate(text.splitlines(), start=1))


def _entry(number: int, fields: dict[str, object]) -> DiaryEntry:
    draft = EntryDraft.model_validate(fields)
    return DiaryEntry(number, draft, str(derived_id("demo", draft.model_dump_json())))
