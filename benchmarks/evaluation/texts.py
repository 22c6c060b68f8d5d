"""Diary texts whose mood is known: real people's where they are present, and ours.

The texts of real people carry labels of their own; `MEANT` says which of our labels count as right for each.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from contracts.enrichments import MoodLabel

HERE = Path(__file__).parent
OWN = HERE / "own_texts.jsonl"
#: Lemotif (MIT; Li and Parikh, 2019), 300 of its texts. Not part of this repository.
JOURNAL = HERE.parents[2] / "shared/data/journal_texts.jsonl"
LABELS: tuple[MoodLabel, ...] = get_args(MoodLabel)

Half = Literal["tuning", "held out"]


@dataclass(frozen=True)
class Meaning:
    #: Our label that says it best; none where we have no word for it.
    nearest: MoodLabel | None
    #: Labels that are no mistake either.
    also: frozenset[MoodLabel]
    #: 1 pleasant, -1 unpleasant, 0 neither.
    sign: int


def _means(nearest: MoodLabel | None, sign: int, *also: MoodLabel) -> Meaning:
    return Meaning(nearest, frozenset(also), sign)


MEANT = {
    "happy": _means("joyful", 1, "content", "grateful"),
    "excited": _means("joyful", 1, "hopeful"),
    "satisfied": _means("content", 1, "grateful"),
    "proud": _means("content", 1, "joyful"),
    "calm": _means("calm", 1, "content"),
    "anxious": _means("anxious", -1),
    "afraid": _means("anxious", -1),
    "awkward": _means("anxious", -1),
    "frustrated": _means("angry", -1),
    "angry": _means("angry", -1),
    "disgusted": _means("angry", -1),
    "jealous": _means("angry", -1),
    "sad": _means("sad", -1, "lonely"),
    "ashamed": _means("sad", -1),
    "bored": _means("tired", -1, "lonely"),
    "confused": _means(None, 0),
    "nostalgic": _means("mixed", 0, "sad"),
    "surprised": _means(None, 0),
}
_OWN_SIGNS = dict.fromkeys(("joyful", "content", "grateful", "hopeful", "calm"), 1) | dict.fromkeys(
    ("anxious", "sad", "angry", "tired", "lonely"), -1
)


@dataclass(frozen=True)
class Text:
    body: str
    nearest: frozenset[MoodLabel]
    #: `nearest`, and what is no mistake either. Empty: the writer's words say nothing of our labels.
    meant: frozenset[MoodLabel]
    #: 1, -1; 0 where the writer names both or neither.
    sign: int
    language: str = "en"

    @property
    def key(self) -> str:
        return hashlib.sha256(self.body.encode()).hexdigest()[:12]

    @property
    def half(self) -> Half:
        """Prompts and exemplars may be changed for what is seen on the tuning half, never for the other."""
        return "tuning" if int(self.key, 16) % 2 == 0 else "held out"


def own_texts() -> list[Text]:
    rows = [json.loads(line) for line in OWN.read_text().splitlines()]
    return [
        Text(row["text"], label := frozenset({row["label"]}), label, _OWN_SIGNS.get(row["label"], 0), row["language"])
        for row in rows
    ]


def journal_texts(path: Path) -> list[Text]:
    """Those of which the mapping says something; none where the file is absent."""
    if not path.exists():
        return []
    read = [_journal_text(json.loads(line)) for line in path.read_text().splitlines()]
    return [text for text in read if text.meant]


def own_queries() -> dict[str, str]:
    """By the key of the text that is looked for."""
    rows = [json.loads(line) for line in OWN.read_text().splitlines()]
    return {text.key: row["query"] for text, row in zip(own_texts(), rows, strict=True)}


def journal_queries() -> dict[str, str]:
    return json.loads((HERE / "queries.json").read_text())


def sample(texts: Sequence[Text], limit: int, seed: int) -> list[Text]:
    """As many of each mood as there are, up to an even share: a text's mood is its rarest label. 0 takes all."""
    if limit <= 0 or limit >= len(texts):
        return list(texts)
    counts = Counter(label for text in texts for label in text.nearest)
    strata: dict[str, list[Text]] = {}
    shuffled = sorted(texts, key=lambda text: text.key)
    random.Random(seed).shuffle(shuffled)
    for text in shuffled:
        rarest = min(text.nearest or text.meant, key=lambda label: (counts[label], label))
        strata.setdefault(rarest, []).append(text)
    taken: list[Text] = []
    while len(taken) < limit:
        for label in sorted(strata):
            if strata[label] and len(taken) < limit:
                taken.append(strata[label].pop())
    return taken


def _journal_text(row: dict[str, list[str]]) -> Text:
    felt = [MEANT[emotion] for emotion in row["emotions"]]
    nearest = {each.nearest for each in felt if each.nearest}
    meant = nearest.union(*(each.also for each in felt))
    signs = {each.sign for each in felt} - {0}
    if len(signs) > 1:
        meant.add("mixed")
    return Text(str(row["text"]), frozenset(nearest), frozenset(meant), signs.pop() if len(signs) == 1 else 0)
