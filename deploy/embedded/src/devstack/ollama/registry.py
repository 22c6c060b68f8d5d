"""The models of this server: loaded when asked for, kept alive for a while, one request at a time each."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from devstack.ollama.description import Description, describe
from devstack.ollama.faults import ApiFault
from devstack.ollama.fields import keep_alive_s
from devstack.ollama.runtime import EMBED_SLOTS, start_llama
from devstack.ollama.weights import Weights

BUSY = "server busy, please try again.  maximum pending requests exceeded"  # two spaces, as upstream
_LOADING_GRACE_S = 30.0
_FOR_EVER = timedelta(days=365 * 100)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Named after Ollama's own settings."""

    max_queue: int = 512
    num_parallel: int = 1
    keep_alive: float | str = "5m"
    threads: int = 1
    #: Chat contexts are cut to this; the weights may know more.
    context_tokens: int = 4096


class Model:
    """One set of weights, loaded or not."""

    def __init__(self, weights: Weights, limits: Limits) -> None:
        self.weights = weights
        self.description: Description = describe(weights.path)
        self.context_tokens = min(self.description.context_tokens, limits.context_tokens)
        self.base_url = ""
        self.expires_s = math.inf
        self.pending = 0
        self._limits = limits
        self._server: Any = None
        self._keep_s = 0.0
        self._loading = asyncio.Lock()
        self._slots = asyncio.Semaphore(limits.num_parallel if weights.kind == "chat" else EMBED_SLOTS)

    @property
    def loaded(self) -> bool:
        return self._server is not None

    @property
    def expires_at(self) -> datetime:
        now = datetime.now(UTC)
        return now + (_FOR_EVER if math.isinf(self.expires_s) else timedelta(seconds=self.expires_s - time.monotonic()))

    async def load(self, keep_alive: object) -> int:
        """Nanoseconds it took; about 0 where the model was there."""
        started_ns = time.perf_counter_ns()
        self._keep_s = keep_alive_s(self._limits.keep_alive if keep_alive is None else keep_alive)
        async with self._loading:
            if self._server is None:
                self._server = await asyncio.to_thread(
                    start_llama,
                    self.weights.path,
                    self.weights.kind,
                    name=self.weights.name,
                    context_tokens=self.context_tokens,
                    threads=self._limits.threads,
                    parallel=self._limits.num_parallel,
                )
                self.base_url = self._server.listening_address
        self.expires_s = time.monotonic() + max(self._keep_s, _LOADING_GRACE_S)
        return time.perf_counter_ns() - started_ns

    async def unload(self) -> None:
        async with self._loading:
            box, self._server = [self._server], None
            await asyncio.to_thread(box.clear)  # dropping it joins llama.cpp's threads

    async def expire(self) -> None:
        """`keep_alive: 0`: now if idle, else when the last request ends."""
        self._keep_s = 0.0
        self.touch()
        if not self.pending:
            await self.unload()

    def touch(self) -> None:
        self.expires_s = time.monotonic() + self._keep_s

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        if self.pending >= self._limits.max_queue + self._limits.num_parallel:
            raise ApiFault(503, BUSY)
        self.pending += 1
        try:
            async with self._slots:
                yield
        finally:
            self.pending -= 1
            self.touch()


class Registry:
    """Models by name; `:latest` is meant where no tag is given."""

    def __init__(self, weights: tuple[Weights, ...], limits: Limits) -> None:
        self._models = {one.name: Model(one, limits) for one in weights}

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def find(self, name: str) -> Model | None:
        return self._models.get(name.lower() if ":" in name else f"{name.lower()}:latest")

    def get(self, name: str, *, quote: str = "'", hint: str = "") -> Model:
        model = self.find(name)
        if model is None:
            raise ApiFault(404, f"model {quote}{name}{quote} not found{hint}")
        return model

    async def unload_expired(self) -> None:
        for model in self._models.values():
            if model.loaded and not model.pending and time.monotonic() > model.expires_s:
                await model.unload()

    async def unload_all(self) -> None:
        for model in self._models.values():
            await model.unload()
