"""compose.yaml as Compose itself understands it; no engine is needed."""

import importlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMPOSE = Path(sys.executable).with_name("docker-compose")
#: The settings of the environment that reach compose.yaml, which a test sets itself.
OURS = ("DAYBOOK_", "COMPOSE_", "GATEWAY_", "ENRICHMENT_", "INSIGHTS_", "OLLAMA_")


def compose_env(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, **settings}


@cache
def understood(secrets: Path, *profiles: str, **settings: str) -> dict[str, Any]:
    """Raises CalledProcessError: Compose refuses the file."""
    env = compose_env(DAYBOOK_SECRETS=str(secrets), COMPOSE_PROFILES=",".join(profiles), **settings)
    command = [str(COMPOSE), "--env-file", os.devnull, "config", "--format", "json"]
    return json.loads(subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=True, timeout=60).stdout)


def make_secrets(folder: Path) -> None:
    script = ROOT / "deploy" / "make_secrets.py"
    subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True, timeout=60)


def settings_of(service: str) -> set[str]:
    """The variables that a service of ours reads."""
    settings = importlib.import_module(f"{service}.settings").Settings
    prefix = settings.model_config["env_prefix"]
    return {f"{prefix}{name}".upper() for name in settings.model_fields}
