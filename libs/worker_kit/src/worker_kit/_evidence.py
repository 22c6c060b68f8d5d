"""The evidence of the task in hand: what it took, what of it the bridge cost, and how long a model was waited for.

ADR 0001 is to be revisited by evidence, so every task leaves some. It is found by a context variable: whatever runs
inside the task, in its event loops and threads too, adds to it without knowing of it.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from entry_index import IndexCall
from ollama_client import Call
from worker_kit._metrics import BRIDGE_OVERHEAD, INDEX_CALLS, INFERENCE, MODEL_CALLS, MODEL_TOKENS, TASK_DURATION


@dataclass
class Evidence:
    bridge_s: float = 0.0
    #: Of calls of a model, those that failed included; those that ran at the same time count each.
    inference_s: float = 0.0
    calls: int = 0


_IN_HAND: ContextVar[Evidence | None] = ContextVar("evidence", default=None)


@contextmanager
def gather_evidence(task: str) -> Generator[Evidence, None, None]:
    """Around a whole task: at its end, whatever that is, its evidence becomes metrics. `task` is the kind's name."""
    evidence = Evidence()
    before = _IN_HAND.set(evidence)
    began_s = time.perf_counter()
    try:
        yield evidence
    finally:
        _IN_HAND.reset(before)
        took_s = time.perf_counter() - began_s
        BRIDGE_OVERHEAD.observe(evidence.bridge_s, task)
        if evidence.calls:
            INFERENCE.observe(evidence.inference_s, task)
        # Last, so that whoever finds the task counted finds the rest of it too.
        TASK_DURATION.observe(took_s, task)


def note_bridge(seconds: float) -> None:
    """What a loop that lives for one task costs beyond the task's work, and what a loop that lived on would save.

    Outside of a task, as by the model gate's probe, there is nothing to note it in.
    """
    if evidence := _IN_HAND.get():
        evidence.bridge_s += seconds


def note_call(call: Call) -> None:
    """`OllamaConfig.on_call` of every worker."""
    MODEL_CALLS.observe(call.duration_s, call.model, call.operation, call.outcome)
    for direction, tokens in (("prompt", call.prompt_tokens), ("answer", call.answer_tokens)):
        MODEL_TOKENS.labels(call.model, call.operation, direction).inc(tokens)
    if evidence := _IN_HAND.get():
        evidence.inference_s += call.duration_s
        evidence.calls += 1


def note_index_call(call: IndexCall) -> None:
    """`IndexConfig.on_call` of every worker."""
    INDEX_CALLS.observe(call.duration_s, call.operation, call.outcome)
