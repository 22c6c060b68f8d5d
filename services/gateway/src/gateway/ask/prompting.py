"""What the model is told: instruction, entries, question. The prompt is files of the package."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from gateway.ask.retrieving import Passage
from ollama_client import Message, read_prompt_files

ANSWER_TOKENS = 300
#: The instruction, and the marks of a chat's template around each message.
_RESERVED_TOKENS = 400
_MESSAGE_TOKENS = 40
#: A token has three bytes of UTF-8 at least: of English four, of Chinese one character.
_BYTES_PER_TOKEN = 3
#: Looks like a citation of ours, and is the writer's.
_MARK = re.compile(r"\[(\s*\d[\d\s,;]*)\]")
_CUT = "\n[...]"


@dataclass(frozen=True)
class AskPrompt:
    instruction: Message
    read: Message
    version: str


@dataclass(frozen=True)
class Told:
    messages: list[Message]
    #: Those that had room, the nearest first.
    passages: tuple[Passage, ...]
    #: By number, from 1.
    numbered: tuple[Passage, ...]
    #: An entry or a passage was cut or left out.
    truncated: bool


@cache
def load_prompt() -> AskPrompt:
    read = read_prompt_files("gateway.ask", "ask.md", "ask.read.md")
    instruction, answer = (text.strip() for text in read.texts)
    return AskPrompt(Message.system(instruction), Message.assistant(answer), read.version)


def tell(passages: Sequence[Passage], question: str, *, context_tokens: int) -> Told:
    """As many passages as fit, the nearest first; the model reads them in the order in which they were written.

    Each is a message of its own, never spliced into the instruction. The first is cut where it does not fit by itself.
    """
    prompt = load_prompt()
    room = context_tokens - _RESERVED_TOKENS - ANSWER_TOKENS - _tokens(question)
    chosen: list[tuple[Passage, str]] = []
    for passage in passages:
        text = _MARK.sub(r"(\1)", passage.text)
        if not chosen and _tokens(text) > room:
            text = text.encode()[: max(room, _MESSAGE_TOKENS) * _BYTES_PER_TOKEN].decode(errors="ignore") + _CUT
        room -= _tokens(text) + _MESSAGE_TOKENS
        if chosen and room < 0:
            break
        chosen.append((passage, text))
    in_order = sorted(chosen, key=lambda one: (one[0].entry.written_at, one[0].entry.id))
    turns: list[Message] = []
    for number, (passage, text) in enumerate(in_order, 1):
        turns += [Message.user(f"[{number}] {passage.entry.written_at:%Y-%m-%d}\n{text}"), prompt.read]
    return Told(
        [prompt.instruction, *turns, Message.user(question)],
        tuple(passage for passage, _ in chosen),
        tuple(passage for passage, _ in in_order),
        len(chosen) < len(passages) or any(passage.text != passage.entry.body.strip() for passage, _ in chosen),
    )


def _tokens(text: str) -> int:
    return len(text.encode()) // _BYTES_PER_TOKEN + 1
