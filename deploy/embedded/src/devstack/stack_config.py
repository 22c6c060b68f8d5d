"""What whoever starts a stack decides: its folder, its models, whose help lines it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devstack.locale_choice import NOT_ASKED, LocaleChoice
from devstack.model_choice import EMBEDDED, ModelChoice


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    home: Path
    models: ModelChoice = EMBEDDED
    #: None: 8080 where free, else any. Given: that one or an error.
    gateway_port: int | None = None
    locale: LocaleChoice = NOT_ASKED
    #: Threads of the embedded model server.
    model_threads: int = 1
    #: False turns PostgreSQL's fsync off, for tests of other things.
    durable: bool = True
    #: Settings of single services, by service and variable: for tests with short intervals.
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
