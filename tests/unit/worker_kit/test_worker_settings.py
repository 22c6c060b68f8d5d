"""A worker's wrong setting stops its start with the setting's name."""

import pytest

from enrichment_worker.settings import Settings
from service_settings import SettingsWrong, read_settings


@pytest.mark.parametrize(
    ("name", "value"), [("LOG_LEVEL", "LOUD"), ("LOG_LEVEL", "info"), ("OLLAMA_URL", "127.0.0.1:11434")]
)
def test_a_wrong_one_is_told_by_its_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for needed in ("NATS_URL", "QDRANT_URL", "GATEWAY_KEY"):
        monkeypatch.setenv(f"ENRICHMENT_{needed}", "x")
    read_settings(Settings)
    monkeypatch.setenv(f"ENRICHMENT_{name}", value)
    with pytest.raises(SettingsWrong, match=f"ENRICHMENT_{name}: ") as wrong:
        read_settings(Settings)
    assert len(wrong.value.faults) == 1
