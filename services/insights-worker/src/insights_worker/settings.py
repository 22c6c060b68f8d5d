"""Everything this process reads from the environment and from files of secrets, prefix INSIGHTS_."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from worker_kit import WorkerSettings


class Settings(WorkerSettings):
    model_config = SettingsConfigDict(env_prefix="INSIGHTS_", frozen=True, extra="ignore")

    #: 0 takes a free one.
    metrics_port: int = Field(9102, ge=0, le=65535)
    #: Of the clock (`beat`), which has probes of its own. 0 takes a free one.
    beat_metrics_port: int = Field(9103, ge=0, le=65535)
    #: The chat model's context for reflections; a constant, since changing it makes Ollama reload the model.
    reflection_context_tokens: int = Field(4096, ge=1024)
    #: The chat model's context for reports; see above.
    report_context_tokens: int = Field(4096, ge=2048)
    #: A report is made in turns of so long, so that reflections come in between; one call of a model may last longer.
    report_turn_s: float = Field(30.0, gt=0)
    #: Only reflections that pass `reflection_checks` are accepted, and nobody sees one before. For models too small to
    #: be trusted (docs/quality.md): with others, a good reflection in other words than the entry's would be lost too.
    reflection_checked: bool = False
    #: How often the clock asks for reports whose period has ended. It ticks no oftener, and after 20 minutes
    #: without a tick DaybookClockSilent takes it to be away.
    report_schedule_every_s: float = Field(300.0, gt=0, le=900)
