"""ollama_client's pages tell of every public name, and its README's tree of errors is the code's."""

import inspect
import re
from pathlib import Path

import pytest

import ollama_client
from ollama_client import OllamaClient, OllamaConfig, OllamaError

ROOT = Path(__file__).parents[2]
README = (ROOT / "libs/ollama_client/README.md").read_text()
REFERENCE = (ROOT / "docs/ollama_client/reference.md").read_text()


def public(kind: type) -> list[str]:
    return [name for name in vars(kind) if not name.startswith("_")]


def leaves(kind: type[OllamaError]) -> list[type[OllamaError]]:
    below = [one for one in kind.__subclasses__() if one.__module__ == "ollama_client.errors"]
    return [leaf for one in below for leaf in leaves(one)] if below else [kind]


@pytest.mark.parametrize("name", ollama_client.__all__)
def test_a_public_name_stands_in_the_reference_and_has_a_docstring(name: str) -> None:
    assert re.search(rf"^(\| |## )`{name}`", REFERENCE, re.MULTILINE)
    value = getattr(ollama_client, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        # Its own: pydantic and dataclasses would lend one of theirs.
        assert value.__doc__ is not None
        assert not value.__doc__.startswith(f"{name}(")


@pytest.mark.parametrize("method", public(OllamaClient))
def test_the_reference_has_every_call_with_its_parameters(method: str) -> None:
    row = re.search(rf"^\|.*\b{method}\(([^)]*)\)", REFERENCE, re.MULTILINE)
    assert row is not None
    wanted = [name for name in inspect.signature(getattr(OllamaClient, method)).parameters if name != "self"]
    if row.group(1) != "...":
        assert re.findall(r"\w+", row.group(1)) == wanted


def test_the_reference_has_every_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `?([^|`]+?)`? \|", REFERENCE, re.MULTILINE))
    for name, field in OllamaConfig.__dataclass_fields__.items():
        shown = rows[name]
        assert shown == str(field.default) or float(shown) == field.default


def test_every_error_is_public_and_the_trees_say_whether_it_is_worth_trying_again() -> None:
    for leaf in leaves(OllamaError):
        assert leaf.__name__ in ollama_client.__all__
        word = "retryable" if leaf.retryable else "permanent"
        tree = rf"── {leaf.__name__} +{word} "
        assert re.search(tree, README)
        assert re.search(tree, inspect.getsource(ollama_client.errors))
        assert re.search(rf"^\| `{leaf.__name__}` \| {'yes' if leaf.retryable else 'no'} ", REFERENCE, re.MULTILINE)
    assert f"one of {'sixteen' if len(leaves(OllamaError)) == 16 else '?'} errors" in README


def test_every_test_that_the_comparison_names_is_there() -> None:
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs/ollama_client/beside-ollama-python.md").read_text())
    tests = "".join(
        path.read_text() for path in (ROOT / "tests/integration/ollama_client").glob("test_beside_ollama_python*.py")
    )
    assert sorted(named) == sorted(re.findall(r"def (test_\w+)\(", tests))
