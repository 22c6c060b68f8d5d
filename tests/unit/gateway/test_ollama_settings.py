"""Where the gateway finds its models, and whether that may be another's machine."""

import pytest

from gateway.settings import Settings
from service_settings import SettingsWrong, read_settings


@pytest.fixture(autouse=True)
def _others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "NATS_URL", "EMBEDDING_MODEL"):
        monkeypatch.setenv(f"GATEWAY_{name}", "x")


@pytest.mark.parametrize("url", ["127.0.0.1:11434", "http://", "http://127.0.0.1:eleven", "ftp://hunter2@models"])
def test_an_address_that_is_none_stops_the_start_with_the_settings_name(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_OLLAMA_URL", url)
    with pytest.raises(SettingsWrong, match=r"GATEWAY_OLLAMA_URL: .*must look like http://127.0.0.1:11434") as wrong:
        read_settings(Settings)
    assert "hunter2" not in str(wrong.value)


def test_texts_stay_on_machines_of_ones_own_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_OLLAMA_URL", "https://models.example")
    assert not read_settings(Settings).ollama.allow_remote
    monkeypatch.setenv("GATEWAY_OLLAMA_ALLOW_REMOTE", "true")
    allowed = read_settings(Settings).ollama
    assert (allowed.base_url, allowed.allow_remote) == ("https://models.example", True)
