"""An Ollama of whose answers a worker's child dies, where the text has a mark: as of a fault in a native library."""

import json
import os
import signal
from pathlib import Path

from support.enrichment import Worker
from support.scripted_ollama import Answer, Pause, Received, ScriptedOllama

POISON = "nightshade"


class PoisonedOllama(ScriptedOllama):
    """Asked on `path`. `victim` is a worker of one child; None: the text kills nobody."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._deadly = path
        self.victim: Worker | None = None
        self.kills = 0

    async def _default(self, method: str, path: str, request: Received) -> Answer:
        if self.victim is None or path != self._deadly or POISON not in json.dumps(request.payload):
            return await super()._default(method, path, request)
        assert self.victim.process.pid is not None
        for child in _children(self.victim.process.pid):
            os.kill(child, signal.SIGKILL)
        self.kills += 1
        return Answer([Pause(60)], status=None)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
