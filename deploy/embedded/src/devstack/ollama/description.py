"""What a GGUF says of itself: architecture, sizes, quantisation, licence."""

from dataclasses import dataclass
from math import prod
from pathlib import Path

from gguf import LlamaFileType

from devstack.ollama.gguf_header import Scalar, read_header


@dataclass(frozen=True)
class Description:
    architecture: str
    context_tokens: int
    parameters: int
    quantisation: str
    license: str
    values: dict[str, Scalar | None]

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
        """Every value of the file; arrays are null, as where Ollama is not asked to be verbose."""
        return {**self.values, "general.parameter_count": self.parameters}


def describe(path: Path) -> Description:
    """Raises `NotGguf` or `OSError`."""
    header = read_header(path)
    architecture = str(header.values["general.architecture"])
    file_type = LlamaFileType(int(header.values["general.file_type"] or 0))
    return Description(
        architecture=architecture,
        context_tokens=int(header.values[f"{architecture}.context_length"] or 0),
        parameters=sum(map(prod, header.shapes)),
        quantisation=file_type.name.removeprefix("MOSTLY_").removeprefix("ALL_"),
        license=str(header.values.get("general.license") or ""),
        values=header.values,
    )
