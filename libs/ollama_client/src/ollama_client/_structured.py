"""Answers that satisfy a schema: asked for with `format`, validated here, repaired once.

The server's grammar enforces keys and enums but no number ranges, and an answer cut by `num_predict` is half a
document: only validation tells.
"""

from collections.abc import Awaitable, Callable, Sequence

from pydantic import ValidationError

from ollama_client._models import ChatAnswer, M, Message, StructuredAnswer
from ollama_client.errors import InvalidAnswer

Ask = Callable[[Sequence[Message]], Awaitable[ChatAnswer]]


async def ask_structured(ask: Ask, messages: Sequence[Message], answer: type[M], model: str) -> StructuredAnswer[M]:
    """Ask, validate, and on a fault ask once more with the fault named.

    Raises:
        InvalidAnswer: the second answer is invalid too.
    """
    first = await ask(messages)
    value, faults = _validate(first, answer)
    turns = [first]
    if value is None:
        repair = f"That answer is invalid: {faults}. Answer again, with the corrected JSON only."
        second = await ask([*messages, first.message, Message.user(repair)])
        turns.append(second)
        value, faults = _validate(second, answer)
    prompt_tokens = sum(turn.prompt_eval_count for turn in turns)
    answer_tokens = sum(turn.eval_count for turn in turns)
    total_duration_ns = sum(turn.total_duration_ns for turn in turns)
    if value is None:
        raise InvalidAnswer(
            model,
            faults,
            prompt_tokens=prompt_tokens,
            answer_tokens=answer_tokens,
            total_duration_ns=total_duration_ns,
        )
    return StructuredAnswer(
        value=value,
        answer=turns[-1],
        repaired=len(turns) > 1,
        prompt_tokens=prompt_tokens,
        answer_tokens=answer_tokens,
        total_duration_ns=total_duration_ns,
    )


def _validate(turn: ChatAnswer, answer: type[M]) -> tuple[M | None, str]:
    """The value and no fault, or no value and what is wrong (fields and rules, no text of the answer)."""
    if turn.done_reason == "length":
        return None, "it was cut off before its end; be shorter"
    try:
        return answer.model_validate_json(turn.message.content), ""
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        return None, "; ".join(f"{'.'.join(map(str, f['loc'])) or 'document'}: {f['msg']}" for f in faults)
