"""The texts that are embedded: real ones where they are at hand, else the demo's diary. One passage each."""

import json
import re
from pathlib import Path

from devstack.demo.diary import load_diary

#: Short texts of real people, which are no part of the project.
REAL_TEXTS = Path(__file__).parents[2] / "shared" / "data" / "journal_texts.jsonl"
#: Within one passage of the pipeline, so that an entry is one vector.
_WORDS_MAX = 120
#: Within the pipeline's estimate of a passage, and far beyond what the model reads: every other letter is a token.
UNREADABLE = "zqxjvkwzq " * 100


def journal_texts(file: Path | None, count: int) -> tuple[str, list[str]]:
    """(where they come from, `count` different texts)."""
    chosen = file or (REAL_TEXTS if REAL_TEXTS.exists() else None)
    if chosen is not None:
        found = [_beginning(json.loads(line)["text"]) for line in chosen.read_text(encoding="utf-8").splitlines()]
        name = "journal texts of real people"
    else:
        found = [half for entry in load_diary() for half in _halves(entry.draft.body)]
        name = "the demo's diary, its entries halved"
    # Where there are too few: a text with a number before it is another text of the same length.
    texts = [found[n % len(found)] if n < len(found) else f"{n}. {found[n % len(found)]}" for n in range(count)]
    return name, texts


def _halves(body: str) -> list[str]:
    words = body.split()
    return [_beginning(" ".join(half)) for half in (words[: len(words) // 2], words[len(words) // 2 :])]


def _beginning(text: str) -> str:
    return " ".join(re.split(r"\s+", text.strip())[:_WORDS_MAX])
