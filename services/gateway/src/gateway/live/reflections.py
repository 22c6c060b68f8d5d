"""Following one reflection while it is written: what is there already, then the rest, then how it ended."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from contracts.live import (
    Ended,
    LiveEvent,
    QuestionsWritten,
    ReflectionFrame,
    Restarted,
    Retrying,
    Waiting,
    Written,
)
from contracts.reflections import ReflectionView
from gateway.db.store import Store
from gateway.domain.errors import EntryNotFound, JournalNotFound
from gateway.domain.principals import Principal
from gateway.live.board import LiveBoard
from gateway.service.care import Care
from gateway.service.read_reflections import get_reflection

#: So often the database is asked whether it is settled: frames may get lost, and a dead worker sends none.
IDLE_S = 2.0


async def follow_reflection(
    store: Store,
    board: LiveBoard,
    principal: Principal,
    asked: ReflectionView,
    *,
    care: Care | None = None,
    idle_s: float = IDLE_S,
) -> AsyncGenerator[LiveEvent]:
    """Events about `asked`, the last of which is `Ended`. Without it the gateway is stopping, or the entry is gone.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    entry_id, version = asked.entry_id, asked.version
    shown = _Shown()
    async with aclosing(board.watch(entry_id, version, idle_s=idle_s)) as frames:
        # Read again: it may have been settled after it was asked for, and before anybody watched.
        now = await _read(store, principal, asked, care)
        if now is None or now.state != "pending":
            if now is not None:
                yield Ended(reflection=now)
            return
        async for frame in frames:
            if frame is not None and frame.state in {"writing", "retrying"}:
                for event in shown.update(frame, board.heard_s_ago(entry_id, version)):
                    yield event
                continue
            now = await _read(store, principal, asked, care)
            if now is None:
                return
            if now.state != "pending":
                if not shown.goes_into(now):
                    # Another attempt was so quick that its end is all that was heard of it.
                    yield Restarted()
                yield Ended(reflection=now)
                return
            yield Waiting()


class _Shown:
    """What one watcher has been told."""

    def __init__(self) -> None:
        self._run: UUID | None = None
        self._text = ""
        self._questions: tuple[str, ...] = ()

    def update(self, frame: ReflectionFrame, heard_s_ago: float) -> list[LiveEvent]:
        events: list[LiveEvent] = []
        if (self._run not in {None, frame.run} and self._text) or not frame.text.startswith(self._text):
            events.append(Restarted())
            self._text, self._questions = "", ()
        self._run = frame.run
        if len(frame.text) > len(self._text):
            events.append(Written(at=len(self._text), text=frame.text[len(self._text) :]))
            self._text = frame.text
        if frame.questions != self._questions:
            events.append(QuestionsWritten(questions=frame.questions))
            self._questions = frame.questions
        retry = frame.retry
        if retry is not None:
            left_s = max(0.0, round(retry.in_s - heard_s_ago, 1))
            events.append(Retrying(in_s=left_s, attempt=retry.attempt, reason=retry.reason))
        return events

    def goes_into(self, settled: ReflectionView) -> bool:
        """Whether what was told is the beginning of what was written in the end."""
        return settled.result is None or settled.result.text.startswith(self._text)


async def _read(store: Store, principal: Principal, asked: ReflectionView, care: Care | None) -> ReflectionView | None:
    try:
        return await get_reflection(store, principal, asked.journal, asked.entry_id, asked.version, care=care)
    except (EntryNotFound, JournalNotFound):
        return None
