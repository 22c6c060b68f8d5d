import math
from typing import get_args

import pytest
from pydantic import ValidationError

from contracts.enrichments import MoodLabel, Provenance
from enrichment_worker.exemplars import load_exemplars
from enrichment_worker.mood_llm import MoodAnswer, load_prompt
from enrichment_worker.mood_prototypes import Prototype, judge
from enrichment_worker.settings import Settings

LABELS = set(get_args(MoodLabel))


def test_the_schema_asks_for_what_is_validated_in_the_order_that_puts_evidence_first() -> None:
    schema = load_prompt().schema
    assert list(schema["properties"]) == list(MoodAnswer.model_fields) == schema["required"]
    keys = list(schema["properties"])
    assert keys.index("emotions") < keys.index("label")
    assert keys.index("rationale") < keys.index("label")
    assert set(schema["properties"]["label"]["enum"]) == LABELS


def test_every_number_the_model_writes_is_a_bounded_integer() -> None:
    properties = load_prompt().schema["properties"]
    numbers = [properties[name] for name in ("valence", "arousal", "confidence")]
    numbers.append(properties["emotions"]["items"]["properties"]["intensity"])
    for number in numbers:
        assert number["type"] == "integer"
        assert {"minimum", "maximum"} <= number.keys()


def test_the_prompt_names_every_label_and_ends_with_an_answered_example() -> None:
    prompt = load_prompt()
    assert all(label in prompt.turns[0].content for label in LABELS)
    assert prompt.turns[0].role == "system"
    assert [turn.role for turn in prompt.turns[1:]] == ["user", "assistant"] * (len(prompt.turns[1:]) // 2)
    for turn in prompt.turns[2::2]:
        MoodAnswer.model_validate_json(turn.content)


def test_the_versions_are_hashes_that_stay() -> None:
    assert load_prompt().version == load_prompt.__wrapped__().version
    assert load_exemplars().version == load_exemplars.__wrapped__().version
    assert len({load_prompt().version, load_exemplars().version}) == 2


def test_an_answer_out_of_range_is_no_answer() -> None:
    valid = load_prompt().turns[2].content
    with pytest.raises(ValidationError):
        MoodAnswer.model_validate(MoodAnswer.model_validate_json(valid).model_dump() | {"valence": 2018})


def test_the_exemplars_are_moods_with_several_sentences_each_and_no_two_alike() -> None:
    moods = load_exemplars().moods
    assert {mood.label for mood in moods} <= LABELS
    assert all(len(mood.sentences) >= 10 for mood in moods)
    sentences = [sentence for mood in moods for sentence in mood.sentences]
    assert len(set(sentences)) == len(sentences)


def near(angle: float) -> tuple[float, float]:
    return (math.cos(angle), math.sin(angle))


PROTOTYPES = (Prototype("calm", 0.5, 0.1, near(0.0)), Prototype("angry", -0.8, 0.9, near(math.pi / 2)))


def test_the_nearest_prototype_is_the_mood() -> None:
    mood = judge(near(0.1), PROTOTYPES, Provenance(model="m"), abstain_margin=0.03)
    assert mood.label == "calm"
    assert mood.valence > 0.4
    assert mood.confidence == 1.0
    assert mood.emotions[0].label == "calm"
    assert math.isclose(sum(emotion.intensity for emotion in mood.emotions), 1.0)


def test_halfway_between_two_moods_it_abstains_without_confidence() -> None:
    mood = judge(near(math.pi / 4), PROTOTYPES, Provenance(model="m"), abstain_margin=0.03)
    assert mood.label is None
    assert mood.confidence < 0.1


def test_settings_need_a_key_and_read_it_from_a_file(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICHMENT_NATS_URL", "nats://user:secret@127.0.0.1:4222")
    monkeypatch.setenv("ENRICHMENT_QDRANT_URL", "http://127.0.0.1:6333")
    with pytest.raises(ValidationError, match="ENRICHMENT_GATEWAY_KEY"):
        Settings()
    (tmp_path / "key").write_text("dbk_00000000_x\n")
    monkeypatch.setenv("ENRICHMENT_GATEWAY_KEY_FILE", str(tmp_path / "key"))
    read = Settings()
    assert read.key == "dbk_00000000_x"
    assert read.broker == "nats://user:secret@127.0.0.1:4222"
    assert "secret" not in repr(read)
    monkeypatch.setenv("ENRICHMENT_BROKER_URL", "redis://127.0.0.1:6379")
    assert Settings().broker == "redis://127.0.0.1:6379"
