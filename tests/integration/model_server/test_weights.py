from pathlib import Path

import pytest

from devstack.ollama.description import describe
from devstack.ollama.faults import WeightsUnusable
from devstack.ollama.weights import check, package_dir, prepare_weights
from support.model_server import MODELS


def test_other_weights_than_ours_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"not the weights")
    with pytest.raises(WeightsUnusable, match="it is not loaded"):
        check(path, "0" * 64)
    with pytest.raises(WeightsUnusable, match="make install"):
        check(tmp_path / "absent.gguf", "0" * 64)
    with pytest.raises(WeightsUnusable, match="make install"):
        package_dir("no_such_module", "no-such-package")


def test_a_damaged_conversion_is_made_again(tmp_path: Path) -> None:
    said: list[str] = []
    _, embed = prepare_weights(tmp_path, said.append)
    embed.path.write_bytes(embed.path.read_bytes()[:-1000])
    _, again = prepare_weights(tmp_path, said.append)
    assert len(said) == 2
    assert again.sha256 == embed.sha256
    prepare_weights(tmp_path, said.append)
    assert len(said) == 2


def test_the_converted_weights_describe_themselves() -> None:
    _, embed = prepare_weights(MODELS, lambda _: None)
    described = describe(embed.path)
    assert (described.architecture, described.context_tokens, described.license) == ("bert", 512, "apache-2.0")
    assert described.quantisation == "Q8_0"
    assert described.details["parameter_size"] == "22.57M"
