"""A report's prompts: instruction, order and schema, read once."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from ollama_client import Message, read_prompt_files


@dataclass(frozen=True)
class Prompt:
    instruction: Message
    schema: dict[str, Any]
    #: What is said after the texts, so that the last word is not a text's.
    order: Message
    version: str


@cache
def load(name: str) -> Prompt:
    """Of `prompts/<name>.md`, `.order.md` and `.schema.json`."""
    read = read_prompt_files("insights_worker", f"{name}.md", f"{name}.order.md", f"{name}.schema.json")
    instruction, order, schema = read.texts
    return Prompt(Message.system(instruction), json.loads(schema), Message.user(order.strip()), read.version)
