"""Where the index is, and whose vectors it holds."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class IndexCall:
    """One request to Qdrant, as its caller saw it."""

    #: The client's method: `upsert`, `query_points_groups` ...
    operation: str
    duration_s: float
    #: None: it went well.
    error: BaseException | None = None

    @property
    def outcome(self) -> str:
        """A constant word for counting: `ok`, or the error's type."""
        return "ok" if self.error is None else type(self.error).__name__


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
    #: Told of each call when it ends, in the caller's own task.
    on_call: Callable[[IndexCall], None] | None = field(default=None, compare=False, repr=False)


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
