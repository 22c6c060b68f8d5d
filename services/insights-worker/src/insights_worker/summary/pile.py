"""Notes while entries are still being read: a few hundred at most, however many entries there are.

Where the notes of a level are too many, the oldest of them are merged into the next level. So each is merged about
as often as any other: with one heap, what a long period began with would be merged again and again, and fade.
"""

from collections.abc import Sequence

from contracts.reports import Claim

#: The first level holds what came from entries, each further one what came from the one before. Oldest last.
Levels = tuple[tuple[Claim, ...], ...]

#: What a level may weigh: a draft goes to the gateway in one message of NATS, with themes and numbers beside it.
_LEVEL_MAX_BYTES = 48 * 1024
#: In JSON: of an id with its quotes and comma, and of the rest around an entry's ids and text.
_ID_BYTES, _FRAME_BYTES = 39, 30


def overfull(levels: Levels) -> int | None:
    """The first level that is to be merged."""
    heavy = (number for number, notes in enumerate(levels) if _bytes_of(notes) > _LEVEL_MAX_BYTES)
    return next(heavy, None)


def put(levels: Levels, level: int, notes: Sequence[Claim]) -> Levels:
    padded = (*levels, *((),) * (level + 1 - len(levels)))
    return (*padded[:level], (*padded[level], *notes), *padded[level + 1 :])


def lift(levels: Levels, level: int, count: int, merged: Sequence[Claim]) -> Levels:
    """`merged` in the next level instead of the `count` oldest notes of this one."""
    rest = (*levels[:level], levels[level][count:], *levels[level + 1 :])
    return put(rest, level + 1, merged)


def in_order(levels: Levels) -> tuple[Claim, ...]:
    """All there are, in order of time."""
    return tuple(note for notes in reversed(levels) for note in notes)


def _bytes_of(notes: Sequence[Claim]) -> int:
    return sum(len(note.text.encode()) + _ID_BYTES * len(note.entry_ids) + _FRAME_BYTES for note in notes)
