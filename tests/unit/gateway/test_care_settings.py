"""Care is on unless it is said otherwise, and texts that cannot be shown stop start-up with the setting's name."""

import pytest

from gateway.settings import Settings
from support.gateway_process import gateway_env, run_gateway


@pytest.fixture
def required(monkeypatch):
    for name in ("DATABASE_URL", "NATS_URL", "EMBEDDING_MODEL"):
        monkeypatch.setenv(f"GATEWAY_{name}", "x")


@pytest.mark.usefixtures("required")
def test_it_is_on_by_default():
    settings = Settings()
    assert (settings.care, settings.care_locale, settings.care_texts) == ("on", "en", None)


@pytest.mark.usefixtures("required")
def test_the_locale_may_be_in_any_letter_case(monkeypatch):
    monkeypatch.setenv("GATEWAY_CARE_LOCALE", "DE-at")
    assert Settings().care_locale == "de-AT"


@pytest.mark.parametrize("value", ["", "false", "0", "no", "OFF"])
@pytest.mark.usefixtures("required")
def test_nothing_but_the_word_off_switches_it_off(monkeypatch, value):
    monkeypatch.setenv("GATEWAY_CARE", value)
    with pytest.raises(ValueError, match="care"):
        Settings()


@pytest.mark.parametrize(
    ("setting", "value", "fault"),
    [
        ("care_locale", "german", "such as de or de-AT"),
        ("care_texts", "nowhere", "is not a folder"),
    ],
)
def test_a_wrong_setting_stops_start_up_and_is_named(tmp_path, setting, value, fault):
    chosen = value if setting == "care_locale" else tmp_path / value
    ended = run_gateway(gateway_env("postgresql://x", "nats://x", **{setting: chosen}), "migrate")
    assert ended.returncode == 2
    assert f"GATEWAY_{setting.upper()}: " in ended.stderr
    assert fault in ended.stderr
