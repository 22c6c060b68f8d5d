"""A theme's name, by the model from its most typical entries, else by its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from insights_worker.claim_checks import Fault, heading_fault
from insights_worker.model_calls import ReportModel
from insights_worker.prompt_files import load
from insights_worker.themes.words import telling_words
from worker_kit import beginning_and_end

#: Of each entry.
_EXCERPT_TOKENS = 128

_Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=2, pattern=r"^[^\n\r]+$"), Field(max_length=60)
]


class ThemeAnswer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: _Name


@dataclass(frozen=True)
class ThemeName:
    name: str
    named_by: Literal["model", "words"]
    #: Why the model's name was not taken.
    fault: Fault | None = None


async def name_theme(model: ReportModel, typical: Sequence[str], everywhere: Sequence[str]) -> ThemeName:
    """`typical`: texts of the theme; `everywhere`: of the whole period, against which words are telling.

    Raises: OllamaError, where asking later may help.
    """
    excerpts = [beginning_and_end(text, limit_tokens=_EXCERPT_TOKENS) for text in typical]
    prompt = load("theme")
    answer = await model.ask(prompt, excerpts, ThemeAnswer)
    fault = heading_fault(answer.name, excerpts, prompt.instruction.content) if answer else None
    if answer is None or fault:
        return ThemeName(telling_words(typical, everywhere), "words", fault)
    return ThemeName(answer.name, "model")
