"""What a model made of an entry: kinds, states, results, and where each result came from."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from contracts.model import Value

EnrichmentKind = Literal["embedding", "mood"]
EnrichmentState = Literal["pending", "done", "failed"]
MoodLabel = Literal[
    "joyful", "content", "grateful", "hopeful", "calm", "anxious", "sad", "angry", "tired", "lonely", "mixed"
]
MoodMethod = Literal["llm", "prototypes"]
#: Why an enrichment was given up. Constant words: they are metrics labels and API values.
FailureReason = Literal[
    "model_missing",
    "model_unreachable",
    "model_refused",
    "invalid_answer",
    "context_overflow",
    "index_unreachable",
    "index_refused",
    "deadline_exceeded",
    "attempts_exhausted",
    "result_too_large",
    "worker_lost",
    "internal_error",
]

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Provenance(Value):
    """How a result came about, enough to make it again or to distrust it."""

    model: str
    #: sha256 of the weights as the model server reports it; empty where it does not.
    model_digest: str = ""
    #: Content hash of the prompt file or of the exemplars.
    prompt_version: str = ""
    prompt_tokens: int = 0
    answer_tokens: int = 0
    inference_ms: float = 0.0
    #: True where the model saw less than the whole entry.
    truncated: bool = False


class EmbeddingResult(Value):
    kind: Literal["embedding"] = "embedding"
    dimension: int
    chunks: int
    #: The mark of the lexicon by which the entry's words were indexed too; empty where they were not.
    lexicon: str = ""
    provenance: Provenance


class Emotion(Value):
    label: MoodLabel
    intensity: Share


class MoodResult(Value):
    """One mood of one entry. `label` is None where the method abstained."""

    kind: Literal["mood"] = "mood"
    method: MoodMethod
    label: MoodLabel | None
    #: -1 unpleasant .. 1 pleasant.
    valence: Annotated[float, Field(ge=-1.0, le=1.0)]
    #: 0 still .. 1 agitated.
    arousal: Share
    emotions: tuple[Emotion, ...] = ()
    confidence: Share
    #: One sentence; empty where the method has none to give.
    rationale: str = ""
    provenance: Provenance


EnrichmentResult = Annotated[EmbeddingResult | MoodResult, Field(discriminator="kind")]


class EnrichmentView(Value):
    """An enrichment as the API shows it inside its entry."""

    state: EnrichmentState
    #: The entry revision that this state speaks of.
    revision: int
    result: EnrichmentResult | None = None
    reason: FailureReason | None = None
    updated_at: datetime
