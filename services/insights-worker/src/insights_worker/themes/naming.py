"""A theme's name, by the model from its most typical entries."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.reports import Theme
from insights_worker.claim_checks import Fault, heading_fault
from insights_worker.model_calls import ReportModel
from insights_worker.prompt_files import load
from worker_kit import beginning_and_end

#: Of each entry.
_EXCERPT_TOKENS = 128

_Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=2, pattern=r"^[^\n\r]+$"), Field(max_length=60)
]


class ThemeAnswer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: _Name


async def name_theme(model: ReportModel, theme: Theme, typical: Sequence[str]) -> tuple[Theme, Fault | None]:
    """The theme with the model's name; or as it was, and why the name was not taken where there was one.

    `typical`: texts of the theme.

    Raises: OllamaError, where asking later may help.
    """
    excerpts = [beginning_and_end(text, limit_tokens=_EXCERPT_TOKENS) for text in typical]
    prompt = load("theme")
    answer = await model.ask(prompt, excerpts, ThemeAnswer)
    if answer is None:
        return theme, None
    fault = heading_fault(answer.name, excerpts, prompt.instruction.content)
    return (theme, fault) if fault else (theme.model_copy(update={"name": answer.name, "named_by": "model"}), None)
