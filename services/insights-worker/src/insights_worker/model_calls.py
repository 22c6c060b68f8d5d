"""Asking the model for a report, and what all the asking took."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel

from contracts.reports import ReportProvenance
from insights_worker.prompt_files import Prompt
from ollama_client import ContextOverflow, InvalidAnswer, Message, OllamaClient
from worker_kit import ModelFacts, estimate_tokens

A = TypeVar("A", bound=BaseModel)

_ANSWER_TOKENS = 600
#: For the marks of the chat's template.
_MARKS_TOKENS = 100
#: In a smaller window a few texts are shown all the same, and the server says if they are too long.
_ROOM_MIN_TOKENS = 300
#: Beside each text: its mark, its date, its turns.
TURN_TOKENS = 24
_READ = Message.assistant("Read.")


class ReportModel:
    """One model for one turn of a report."""

    def __init__(
        self, ollama: OllamaClient, model: ModelFacts, spent: ReportProvenance | None, *, context_tokens: int
    ) -> None:
        self._ollama = ollama
        self._model = model
        self._window = min(context_tokens, model.context_tokens or context_tokens)
        self._rooms: dict[str, int] = {}
        self.spent = spent or ReportProvenance(model=model.name, model_digest=model.digest)

    def room_tokens(self, prompt: Prompt) -> int:
        """How many tokens of texts fit beside the prompt and the answer."""
        if prompt.version not in self._rooms:  # Asked for with every entry.
            told = estimate_tokens(prompt.instruction.content) + estimate_tokens(prompt.order.content)
            room = self._window - told - _ANSWER_TOKENS - _MARKS_TOKENS
            self._rooms[prompt.version] = max(room, _ROOM_MIN_TOKENS)
        return self._rooms[prompt.version]

    async def ask(self, prompt: Prompt, texts: Sequence[str], answer: type[A]) -> A | None:
        """The answer about `texts`, each a message of its own. None: there was none that could be used.

        Raises: OllamaError, where asking later may help.
        """
        turns = [turn for text in texts for turn in (Message.user(text), _READ)]
        options = {"temperature": 0.2, "num_ctx": self._window, "num_predict": _ANSWER_TOKENS}
        try:
            found = await self._ollama.structured(
                self._model.name,
                [prompt.instruction, *turns, prompt.order],
                answer,
                schema=prompt.schema,
                options=options,
            )
        except InvalidAnswer as error:
            self._count(prompt, error.prompt_tokens, error.answer_tokens, error.total_duration_ns / 1e6)
            return None
        except ContextOverflow:
            self._count(prompt)
            return None
        self._count(prompt, found.prompt_tokens, found.answer_tokens, found.total_duration_ns / 1e6)
        return found.value

    def _count(self, prompt: Prompt, prompt_tokens: int = 0, answer_tokens: int = 0, inference_ms: float = 0.0) -> None:
        spent = self.spent
        versions = dict.fromkeys([*filter(None, spent.prompt_version.split(" ")), prompt.version])
        self.spent = spent.model_copy(
            update={
                "prompt_version": " ".join(versions),
                "calls": spent.calls + 1,
                "prompt_tokens": spent.prompt_tokens + prompt_tokens,
                "answer_tokens": spent.answer_tokens + answer_tokens,
                "inference_ms": spent.inference_ms + inference_ms,
            }
        )
