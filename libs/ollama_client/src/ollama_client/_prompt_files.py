"""Prompts as files of the package that uses them. What they say is no affair of the client's."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class PromptFiles:
    """A prompt's files as they were read."""

    #: In the order in which they were asked for.
    texts: tuple[str, ...]
    #: 16 hex digits, of all files together: what is stored beside an answer, so that it can be told what was asked.
    version: str


def read_prompt_files(package: str, *names: str) -> PromptFiles:
    """The files of these names in the folder `prompts` of `package`.

    Raises:
        FileNotFoundError: there is none.
        UnicodeDecodeError: one is no UTF-8.
    """
    folder = files(package).joinpath("prompts")
    parts = [folder.joinpath(name).read_bytes() for name in names]
    return PromptFiles(tuple(part.decode() for part in parts), hashlib.sha256(b"\0".join(parts)).hexdigest()[:16])
