"""Mood by nearness: which mood's exemplars does the entry resemble? Used where no chat model can be trusted.

Each mood's prototype is the mean of its exemplars' embeddings (a nearest-centroid classifier). The margin between the
two nearest is the confidence, and below a threshold the method abstains rather than guess.
Source: https://nlp.stanford.edu/IR-book/html/htmledition/rocchio-classification-1.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.enrichments import Emotion, MoodLabel, MoodResult, Provenance
from enrichment_worker.embedding import embed_texts
from enrichment_worker.exemplars import ExemplarSet, load_exemplars
from ollama_client import OllamaClient, OllamaError
from worker_kit import ModelFacts

#: A margin like this is as sure as the method gets.
_SURE_MARGIN = 0.12
#: Cosines of moods lie close together; this spreads them before they become weights.
_SHARPNESS = 15.0
_SHOWN_EMOTIONS = 3

Vector = tuple[float, ...]


@dataclass(frozen=True)
class Prototype:
    label: MoodLabel
    valence: float
    arousal: float
    centroid: Vector


#: Per process: exemplars embedded once for each model. Plain numbers, which no event loop owns.
_known: dict[tuple[str, str, str], tuple[Prototype, ...]] = {}


async def infer_by_prototypes(ollama: OllamaClient, model: ModelFacts, body: str) -> MoodResult:
    """Raises: OllamaError."""
    exemplars = load_exemplars()
    prototypes = await _prototypes(ollama, model, exemplars)
    (embedded,) = await embed_texts(ollama, model, [body])
    if isinstance(embedded, OllamaError):
        raise embedded
    provenance = Provenance(
        model=model.name,
        model_digest=model.digest,
        prompt_version=exemplars.version,
        prompt_tokens=embedded.prompt_tokens,
        inference_ms=embedded.inference_ms,
    )
    return judge(_mean(embedded.vectors), prototypes, provenance, abstain_margin=exemplars.abstain_margin)


def judge(
    vector: Vector, prototypes: Sequence[Prototype], provenance: Provenance, *, abstain_margin: float
) -> MoodResult:
    """The nearest mood, or none where the two nearest are about as near. `vector` has length 1."""
    scored = sorted(((_dot(vector, one.centroid), one) for one in prototypes), key=lambda pair: -pair[0])
    margin = scored[0][0] - scored[1][0]
    weights = [math.exp(_SHARPNESS * (score - scored[0][0])) for score, _ in scored]
    total = sum(weights)
    shares = [weight / total for weight in weights]
    return MoodResult(
        method="prototypes",
        label=scored[0][1].label if margin >= abstain_margin else None,
        valence=_bounded(sum(s * one.valence for s, (_, one) in zip(shares, scored, strict=True)), -1.0),
        arousal=_bounded(sum(s * one.arousal for s, (_, one) in zip(shares, scored, strict=True)), 0.0),
        emotions=tuple(
            Emotion(label=one.label, intensity=_bounded(share, 0.0))
            for share, (_, one) in list(zip(shares, scored, strict=True))[:_SHOWN_EMOTIONS]
        ),
        confidence=_bounded(margin / _SURE_MARGIN, 0.0),
        provenance=provenance,
    )


async def _prototypes(ollama: OllamaClient, model: ModelFacts, exemplars: ExemplarSet) -> tuple[Prototype, ...]:
    key = (model.name, model.digest, exemplars.version)
    if key not in _known:
        made: list[Prototype] = []
        for mood in exemplars.moods:
            answer = await ollama.embed(model.name, mood.sentences)
            made.append(Prototype(mood.label, mood.valence, mood.arousal, _mean(answer.vectors)))
        _known[key] = tuple(made)
    return _known[key]


def _mean(vectors: Sequence[Sequence[float]]) -> Vector:
    """Of length 1 again."""
    summed = [math.fsum(column) for column in zip(*vectors, strict=True)]
    norm = math.sqrt(math.fsum(x * x for x in summed)) or 1.0
    return tuple(x / norm for x in summed)


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def _bounded(value: float, low: float) -> float:
    return min(1.0, max(low, value))
