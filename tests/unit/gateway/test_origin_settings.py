"""Web pages are let in by the exact name of their origin, and by nothing else."""

import pytest

from gateway.settings import Settings
from service_settings import SettingsWrong, read_settings


@pytest.fixture
def origins(monkeypatch: pytest.MonkeyPatch):
    for name in ("DATABASE_URL", "NATS_URL", "EMBEDDING_MODEL"):
        monkeypatch.setenv(f"GATEWAY_{name}", "x")

    def origins(value: str) -> tuple[str, ...]:
        monkeypatch.setenv("GATEWAY_CORS_ORIGINS", value)
        return read_settings(Settings).cors_origins

    return origins


def test_several_are_told_apart_by_commas_or_spaces_and_there_is_none_by_default(origins, monkeypatch):
    both = ("https://notes.example", "http://localhost:5173")
    assert origins(", ".join(both)) == origins(" ".join(both)) == origins(",".join(both)) == both
    assert origins("capacitor://localhost http://[::1]:8080") == ("capacitor://localhost", "http://[::1]:8080")
    assert origins("") == ()
    monkeypatch.delenv("GATEWAY_CORS_ORIGINS")
    assert read_settings(Settings).cors_origins == ()


def test_a_file_of_the_secrets_folder_may_hold_them(origins, monkeypatch, tmp_path):
    origins("")
    monkeypatch.delenv("GATEWAY_CORS_ORIGINS")
    monkeypatch.setenv("DAYBOOK_SECRETS_DIR", str(tmp_path))
    (tmp_path / "gateway_cors_origins").write_text("https://a.example\nhttps://b.example\n")
    assert read_settings(Settings).cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize("value", ["*", "null", "https://notes.example *"])
def test_all_of_them_at_once_are_refused_with_the_reason(origins, value):
    with pytest.raises(SettingsWrong, match=r"GATEWAY_CORS_ORIGINS: .*name each origin: with \* or null any page"):
        origins(value)


@pytest.mark.parametrize(
    "value",
    [
        "notes.example",
        "https://notes.example/",
        "https://notes.example/app",
        "https://Notes.example",
        "https://notes.example:443",
        "http://notes.example:80",
        "https://*.example",
        "https://user@notes.example",
    ],
)
def test_what_no_browser_sends_as_an_origin_is_refused_with_what_it_would_send(origins, value):
    with pytest.raises(SettingsWrong, match=r"GATEWAY_CORS_ORIGINS: .*origins as browsers write them, such as"):
        origins(value)
