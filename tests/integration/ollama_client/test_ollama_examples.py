"""The README's programs and the examples run as they stand, but for the server's address."""

import re
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.scripted_ollama import Answer, Pause, ScriptedOllama, chat_lines, fault, ndjson

ROOT = Path(__file__).parents[3] / "libs" / "ollama_client"
MODEL = "llama3.2"
#: Heading of the README -> what the server answers, by path, and what the program prints.
PROGRAMS: dict[str, tuple[dict[str, Sequence[Answer]], str]] = {
    "First call": ({}, "I hear you.\n11 tokens read, 3 written, stop\n"),
    "Streaming": ({"/api/chat": [ndjson(*chat_lines("Once upon a time"))]}, "Once upon a time\n4 tokens\n"),
    "Structured output": (
        {"/api/chat": [ndjson(*chat_lines(text)) for text in ("{", '{"reason": "Nora", "valence": 30}')]},
        "30 Nora True\n",
    ),
    "Pull, with progress": (
        {
            "/api/pull": [
                ndjson(
                    {"status": "pulling manifest"},
                    {"status": "pulling abc", "digest": "abc", "total": 10, "completed": 5},
                    {"status": "success"},
                )
            ]
        },
        "\npulling manifest\n\rabc 50%\nsuccess\n",
    ),
    "Embeddings": ({}, "2 vectors of 384 numbers\n"),
    "Errors": ({"/api/chat": [fault(503, "busy")]}, "Overloaded, again\nI hear you.\n"),
    "Time limits": ({}, "300\n"),
    "One run after another": ({}, "384\n" * 3),
    "Watching": ({}, "embed all-minilm 5 True\n"),
    "Cancellation": ({"/api/chat": [Answer([Pause(30)], status=None)]}, "given up\n"),
}


def programs_of_readme() -> dict[str, str]:
    sections = re.split(r"^## (.+)$", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    pairs = zip(sections[1::2], sections[2::2], strict=True)
    return {head: code for head, text in pairs for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)}


def test_every_program_of_the_readme_is_run() -> None:
    assert set(programs_of_readme()) == set(PROGRAMS)


@pytest.mark.parametrize("heading", PROGRAMS)
def test_a_program_of_the_readme_does_what_it_says(
    server: ScriptedOllama, capsys: pytest.CaptureFixture[str], heading: str
) -> None:
    answers, printed = PROGRAMS[heading]
    for path, lines in answers.items():
        server.script(path, *lines)
    code = programs_of_readme()[heading].replace("OllamaConfig(", f"OllamaConfig(base_url='{server.url}', ")
    code = re.sub(r"\n +base_url=\"http://127.0.0.1:11434\",", "", code)
    exec(compile(code, heading, "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out == printed
    if heading == "One run after another":
        assert server.connections == 1
    if heading == "Cancellation":
        assert server.requests("/api/chat")[0].abandoned.wait(5)


def run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")


def test_every_example_has_a_test() -> None:
    names = {path.name for path in (ROOT / "examples").glob("*.py")}
    assert names == {"embeddings.py", "pull.py", "streaming.py", "structured.py"}


def test_the_streaming_example_shows_thinking_in_brackets(
    server: ScriptedOllama, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    thoughts = [
        {"model": MODEL, "message": {"role": "assistant", "content": "", "thinking": text}, "done": False}
        for text in ("The ", "moon.")
    ]
    server.script("/api/chat", ndjson(*thoughts, *chat_lines("Two bulges.")))
    run(monkeypatch, "streaming.py", "--url", server.url)
    assert capsys.readouterr().out == "[The moon.]\nTwo bulges.\n2 tokens in 0.00 s, ended by stop\n"


def test_the_structured_example_prints_a_repaired_mood(
    server: ScriptedOllama, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feelings = '{"emotions": [{"label": "calm", "intensity": 60}], "valence": %d}'
    server.script("/api/chat", *[ndjson(*chat_lines(feelings % valence)) for valence in (2018, 20)])
    run(monkeypatch, "structured.py", "--url", server.url)
    assert capsys.readouterr().out == "calm: 60 %\nvalence 20, after a repair: yes\n"


def test_the_structured_example_says_when_there_is_no_mood(
    server: ScriptedOllama, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script("/api/chat", *[ndjson(*chat_lines('{"emotions": []}')) for _ in range(2)])
    run(monkeypatch, "structured.py", "--url", server.url)
    assert capsys.readouterr().out == "no mood: valence: Field required\n"


def test_the_pull_example_draws_a_bar_for_each_layer(
    server: ScriptedOllama, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [
        {"status": f"pulling {layer}", "digest": layer, "total": 2_000_000, "completed": done}
        for layer in ("sha256:aa", "sha256:bb")
        for done in (1_000_000, 2_000_000)
    ]
    server.script("/api/pull", ndjson({"status": "pulling manifest"}, *steps, {"status": "success"}))
    run(monkeypatch, "pull.py", "--url", server.url)
    shown = capsys.readouterr().out
    half, full = f"[{'#' * 15}{'.' * 15}]  50% of 2.0 MB", f"[{'#' * 30}] 100% of 2.0 MB"
    layers = [f"\r{name:19} {half}\r{name:19} {full}\n" for name in ("sha256:aa", "sha256:bb")]
    assert shown == f"pulling manifest\n{''.join(layers)}success\n"


def test_the_pull_example_ends_with_what_failed(server: ScriptedOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    server.script("/api/pull", ndjson({"error": "pull model manifest: file does not exist"}))
    with pytest.raises(SystemExit, match="pulling 'llama9' failed: pull model manifest"):
        run(monkeypatch, "pull.py", "--url", server.url, "llama9")


def test_the_embeddings_example_finds_the_nearest_sentence(
    server: ScriptedOllama, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "embeddings.py", "--url", server.url)
    assert "counted the boats" in capsys.readouterr().out.splitlines()[0]
