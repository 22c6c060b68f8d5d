"""Prompts as files: instruction and schema, read once. The version is the hash of both."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ollama_client import Message


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
    folder = files("insights_worker").joinpath("prompts")
    parts = [folder.joinpath(f"{name}{ending}").read_bytes() for ending in (".md", ".order.md", ".schema.json")]
    instruction, order, schema = parts
    version = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    return Prompt(
        Message.system(instruction.decode()), json.loads(schema), Message.user(order.decode().strip()), version
    )
