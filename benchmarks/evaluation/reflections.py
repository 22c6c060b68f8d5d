"""Reflections by the insights worker's own function, and what its checks say of them."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from evaluation.entries import entry_of
from evaluation.texts import Text
from insights_worker.reflecting import load_prompt, reflect
from insights_worker.reflection_checks import Fault, faults_of, sentences, taken_up
from ollama_client import InvalidAnswer, OllamaClient
from worker_kit import ModelFacts

CONTEXT_TOKENS = 4096
FAULTS: tuple[Fault, ...] = get_args(Fault)


@dataclass(frozen=True)
class Reflected:
    text: Text
    #: None: the answer was none, by its schema or by being cut off.
    written: str | None
    questions: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class ReflectionRun:
    model: ModelFacts
    prompt_version: str
    reflected: tuple[Reflected, ...]

    def of_half(self, half: str) -> "ReflectionRun":
        return replace(self, reflected=tuple(one for one in self.reflected if one.text.half == half))

    @property
    def invalid(self) -> float:
        return sum(one.written is None for one in self.reflected) / len(self.reflected)

    @property
    def passed(self) -> float:
        """Of all, those without a fault."""
        return sum(one.written is not None and not one.faults for one in self.reflected) / len(self.reflected)

    @property
    def fault_shares(self) -> Mapping[Fault, float]:
        """Of the valid ones."""
        counts = Counter(fault for one in self.reflected for fault in one.faults)
        return {fault: counts[fault] / max(1, len(self._valid)) for fault in FAULTS}

    @property
    def mean_sentences(self) -> float:
        return sum(len(sentences(one.written or "")) for one in self._valid) / max(1, len(self._valid))

    @property
    def mean_taken_up(self) -> float:
        """Words of the entry that a reflection takes up."""
        return sum(taken_up(one.written or "", one.text.body) for one in self._valid) / max(1, len(self._valid))

    @property
    def _valid(self) -> list[Reflected]:
        return [one for one in self.reflected if one.written is not None]


async def reflections(ollama: OllamaClient, model: ModelFacts, texts: Sequence[Text]) -> ReflectionRun:
    done: list[Reflected] = []
    for number, text in enumerate(texts, start=1):
        try:
            result = await reflect(
                ollama, model, entry_of(text), (), context_tokens=CONTEXT_TOKENS, written=_heard_by_nobody
            )
        except InvalidAnswer:
            done.append(Reflected(text, None))
        else:
            faults = faults_of(result.text, result.questions, [text.body])
            done.append(Reflected(text, result.text, result.questions, faults))
        if number % 10 == 0:
            print(f"{number} of {len(texts)} reflections", file=sys.stderr, flush=True)
    return ReflectionRun(model, load_prompt().version, tuple(done))


async def _heard_by_nobody(_text: str, _questions: tuple[str, ...]) -> None:
    pass
