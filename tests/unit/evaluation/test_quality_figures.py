"""The arithmetic of `make eval`, and what its page says of it."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from contracts.enrichments import MoodResult, Provenance

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def module(name: str) -> Any:
    return importlib.import_module(f"evaluation.{name}")


def text(*meant: str, sign: int = 0, body: str = "x") -> Any:
    return module("texts").Text(body, frozenset(meant), frozenset(meant), sign)


def outcome(of: Any, label: str | None, valence: float = 0.0, *, valid: bool = True) -> Any:
    mood = MoodResult(
        method="llm", label=label, valence=valence, arousal=0.5, confidence=0.5, provenance=Provenance(model="m")
    )
    return module("scores").Outcome(of, mood if valid else None)


def test_moods_are_scored_with_what_was_not_answered_apart() -> None:
    calm, sad = text("calm", "content", sign=1), text("sad", sign=-1)
    found = module("scores").score(
        [
            outcome(calm, "content", 0.4),
            outcome(calm, None, 0.1),
            outcome(sad, "calm", 0.3),
            outcome(sad, None, valid=False),
        ]
    )
    assert (found.texts, found.coverage, found.invalid) == (4, 0.5, 0.25)
    assert found.right_of_answered.value == 0.5
    assert found.right_of_all.value == 0.25
    assert found.valence_auc.value == 0.5, "of two pairs one is in order"
    assert found.right_of_all.low <= 0.25 <= found.right_of_all.high


def test_macro_f1_counts_each_mood_alike() -> None:
    outcomes = [outcome(text("calm"), "calm")] * 8 + [outcome(text("sad"), "calm")] * 2
    assert module("scores").macro_f1(outcomes) == pytest.approx((16 / 18 + 0) / 2)


def test_the_baselines_are_of_the_same_texts() -> None:
    scores = module("scores")
    texts = [text("calm", "content"), text("content"), text("sad")]
    assert scores.best_constant(texts) == ("content", pytest.approx(2 / 3))
    assert scores.chance(texts) == pytest.approx(4 / 3 / 11)


def test_a_sample_has_rare_moods_and_is_the_same_for_a_seed() -> None:
    texts = module("texts")
    many = [text("content", body=f"c{n}") for n in range(50)] + [text("sad", body=f"s{n}") for n in range(3)]
    sample = texts.sample(many, 6, 1)
    assert sum("sad" in one.meant for one in sample) == 3
    assert sample == texts.sample(many, 6, 1)
    assert sample != texts.sample(many, 6, 2)
    assert texts.sample(many, 0, 1) == many


def test_our_texts_have_every_mood_and_stand_in_no_prompt() -> None:
    texts = module("texts")
    own = texts.own_texts()
    assert {label for one in own for label in one.meant} == set(texts.LABELS)
    assert len({one.key for one in own}) == len(own)
    assert {one.half for one in own} == {"tuning", "held out"}
    services = ROOT / "services"
    prompts = " ".join(
        path.read_text() for folder in ("prompts", "exemplars") for path in services.glob(f"*/src/*/{folder}/*")
    )
    parts = [part.strip() for one in own for part in re.split(r"[.!?]", one.body) if len(part.split()) > 4]
    assert [part for part in parts if part in prompts] == []


def test_texts_of_real_people_are_mapped_to_our_labels(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    rows = [
        {"text": "a", "emotions": ["happy", "calm"], "topics": []},
        {"text": "b", "emotions": ["sad", "proud"], "topics": []},
        {"text": "c", "emotions": ["surprised"], "topics": []},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    first, second = module("texts").journal_texts(file)
    assert (first.meant, first.sign) == ({"joyful", "content", "grateful", "calm"}, 1)
    assert first.nearest == {"joyful", "calm"}
    assert (second.meant, second.sign) == ({"sad", "lonely", "content", "joyful", "mixed"}, 0)
    assert module("texts").journal_texts(tmp_path / "absent.jsonl") == []


def test_the_page_has_the_mapping_that_is_used() -> None:
    page, _, _ = (ROOT / "docs/quality.md").read_text().partition("## Search")
    rows = {
        cells[0]: cells[1:]
        for line in page.splitlines()
        if line.startswith("| ") and len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4
    }
    signs = {1: "pleasant", -1: "unpleasant", 0: "neither"}
    for word, meaning in module("texts").MEANT.items():
        assert rows[word] == [meaning.nearest or "-", ", ".join(sorted(meaning.also)) or "-", signs[meaning.sign]]


def test_a_model_is_named_by_its_server_and_may_have_slashes() -> None:
    quality = importlib.import_module("quality")
    chat = quality.chat_of("http://127.0.0.1:11434/hf.co/someone/model:Q4")
    assert (chat.url, chat.model) == ("http://127.0.0.1:11434", "hf.co/someone/model:Q4")
    for wrong in ("llama3.2", "http://127.0.0.1:11434", "http://127.0.0.1:11434/"):
        with pytest.raises(SystemExit, match="wants http"):
            quality.chat_of(wrong)


def test_figures_are_written_between_the_marks_of_a_page(tmp_path: Path) -> None:
    page = module("page")
    file = tmp_path / "page.md"
    file.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")
    page.write(file, "new\n")
    assert file.read_text() == f"before\n{page.BEGIN}\n\nnew\n\n{page.END}\nafter\n"
