"""The exemplar sentences of each mood, read once; their version is the file's hash."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter

from contracts.enrichments import MoodLabel

_LABEL: TypeAdapter[MoodLabel] = TypeAdapter(MoodLabel)


@dataclass(frozen=True)
class MoodExemplars:
    label: MoodLabel
    #: -1..1 and 0..1, where the label usually lies.
    valence: float
    arousal: float
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class ExemplarSet:
    moods: tuple[MoodExemplars, ...]
    #: A smaller margin between the two nearest moods is no answer. Measured with the sentences, by `make bench-mood`.
    abstain_margin: float
    version: str


@cache
def load_exemplars() -> ExemplarSet:
    raw = files("enrichment_worker").joinpath("exemplars/mood_exemplars.json").read_bytes()
    document = json.loads(raw)
    moods = tuple(
        MoodExemplars(_LABEL.validate_python(label), mood["valence"], mood["arousal"], tuple(mood["exemplars"]))
        for label, mood in document["labels"].items()
    )
    return ExemplarSet(moods, document["abstain_margin"], hashlib.sha256(raw).hexdigest()[:16])
