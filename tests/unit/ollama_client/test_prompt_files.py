"""Prompts are read from the folder of the package that uses them."""

import sys
from pathlib import Path

import pytest

from ollama_client import read_prompt_files


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "asking" / "prompts"
    folder.mkdir(parents=True)
    (tmp_path / "asking" / "__init__.py").write_text("")
    (folder / "one.md").write_text("Sei höflich.\n")
    (folder / "two.json").write_text("{}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "asking", raising=False)
    return folder


def test_they_come_as_asked_for_and_each_change_is_another_version(package: Path) -> None:
    read = read_prompt_files("asking", "two.json", "one.md")
    assert read.texts == ("{}", "Sei höflich.\n")
    assert read == read_prompt_files("asking", "two.json", "one.md")
    versions = {read.version, read_prompt_files("asking", "one.md", "two.json").version}
    (package / "one.md").write_text("Sei höflich!\n")
    versions.add(read_prompt_files("asking", "two.json", "one.md").version)
    assert len(versions) == 3
    with pytest.raises(FileNotFoundError):
        read_prompt_files("asking", "three.md")
