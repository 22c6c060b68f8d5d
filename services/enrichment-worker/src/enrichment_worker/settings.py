"""Everything this process reads from the environment and from files of secrets, prefix ENRICHMENT_."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from contracts.enrichments import MoodMethod
from entry_index import Lexicon
from worker_kit import WorkerSettings


class Settings(WorkerSettings):
    model_config = SettingsConfigDict(env_prefix="ENRICHMENT_", frozen=True, extra="ignore")

    mood_method: MoodMethod = "llm"
    #: The chat model's context for moods; a constant, since changing it makes Ollama reload the model.
    mood_context_tokens: int = Field(4096, ge=1024)
    #: Entries' words are indexed too, as numbers under this key; without one they are not. The gateway's is the same.
    lexicon_key: SecretStr | None = Field(None, min_length=16)
    #: Where the index holds another model's vectors, ours are gathered beside them until `gateway switch-index`.
    #: Off: embeddings fail then, so that nobody changes the model unawares.
    rebuild_index: bool = False
    #: Entries in one embedding task.
    embed_batch: int = Field(32, ge=1, le=256)

    @property
    def lexicon(self) -> Lexicon | None:
        return Lexicon(self.lexicon_key.get_secret_value().encode()) if self.lexicon_key else None
