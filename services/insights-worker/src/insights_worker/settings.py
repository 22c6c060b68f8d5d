"""Everything this process reads from the environment, prefix INSIGHTS_."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from telemetry import LogFormat


class Settings(BaseSettings):
    """No broker, no model, no key: a setting that nothing uses would only promise what is not there."""

    model_config = SettingsConfigDict(env_prefix="INSIGHTS_", frozen=True, extra="ignore")

    #: 0 takes a free one.
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 9102
    metrics_host: str = "127.0.0.1"
    log_format: LogFormat = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
