"""Where the index is, and whose vectors it holds."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class IndexConfig:
    #: `http://host:port` or `https://host:port`.
    url: str
    #: For one call as a whole, connecting included.
    timeout_s: float
    api_key: str | None = field(default=None, repr=False)
    #: Searches and writes go through this name; a rebuild moves it to another collection.
    alias: str = "journal"
    connections_max: int = 8


@dataclass(frozen=True)
class EmbeddingModel:
    """Vectors can be compared only when all three are the same."""

    name: str
    #: Of the weights, as the model server reports it.
    digest: str
    #: Length of a vector, as probed: never assumed.
    dimension: int

    def __str__(self) -> str:
        return f"{self.name} ({self.dimension} dimensions, digest {self.digest[:12]})"


@dataclass(frozen=True)
class IndexContents:
    """What a collection says of itself."""

    model: EmbeddingModel | None
    #: `Lexicon.mark` of those who write terms now; empty where they write none, None before any of them came.
    lexicon: str | None
