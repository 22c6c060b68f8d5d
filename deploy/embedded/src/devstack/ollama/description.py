"""What a GGUF says of itself: architecture, sizes, quantisation."""

from dataclasses import dataclass
from math import prod
from pathlib import Path

from gguf import GGUFReader, LlamaFileType


@dataclass(frozen=True)
class Description:
    architecture: str
    context_tokens: int
    embedding_length: int
    parameters: int
    quantisation: str

    @property
    def details(self) -> dict[str, object]:
        """As in `/api/tags` and `/api/show`."""
        return {
            "parent_model": "",
            "format": "gguf",
            "family": self.architecture,
            "families": [self.architecture],
            "parameter_size": f"{self.parameters / 1e6:.2f}M",
            "quantization_level": self.quantisation,
        }

    @property
    def model_info(self) -> dict[str, object]:
        return {
            "general.architecture": self.architecture,
            "general.parameter_count": self.parameters,
            f"{self.architecture}.context_length": self.context_tokens,
            f"{self.architecture}.embedding_length": self.embedding_length,
        }


def describe(path: Path) -> Description:
    reader = GGUFReader(path)

    def field(key: str) -> object:
        found = reader.get_field(key)
        return found.contents() if found else 0

    architecture = str(field("general.architecture"))
    file_type = LlamaFileType(int(str(field("general.file_type"))))
    return Description(
        architecture=architecture,
        context_tokens=int(str(field(f"{architecture}.context_length"))),
        embedding_length=int(str(field(f"{architecture}.embedding_length"))),
        parameters=sum(prod(map(int, tensor.shape)) for tensor in reader.tensors),
        quantisation=file_type.name.removeprefix("MOSTLY_").removeprefix("ALL_"),
    )
