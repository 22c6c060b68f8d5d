"""A setting comes from the environment or from a file of secrets, and a wrong one is told without its value."""

import importlib
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from service_settings import ServiceSettings, SettingsWrong, read_settings
from support.unmeasured import unmeasured

MARK = "hunter2"
#: After the imports: the interpreter's own files may be closed to that one.
BECOME_SOMEBODY_ELSE = """
import os, sys
from gateway.commands import run
os.setgid(65532)
os.setuid(65532)
sys.exit(run(["migrate"]))
"""


class Example(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="EXAMPLE_", frozen=True)

    url: SecretStr
    key: SecretStr | None = Field(None, min_length=16)
    attempts: int = 3


class Either(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="EITHER_")

    one: str | None = None
    other: str | None = None

    @model_validator(mode="after")
    def _some(self):
        if self.one is None and self.other is None:
            raise ValueError("set EITHER_ONE or EITHER_OTHER")
        return self


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBOOK_SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_a_file_named_as_the_variable_in_lower_case_holds_the_value_without_its_last_newline(folder):
    (folder / "example_url").write_text("nats://gateway:secret@nats:4222\n")
    assert read_settings(Example).url.get_secret_value() == "nats://gateway:secret@nats:4222"


def test_any_setting_may_stand_in_a_file(folder):
    (folder / "example_url").write_text("x")
    (folder / "example_attempts").write_text("7\n")
    assert read_settings(Example).attempts == 7


def test_the_environment_stands_before_the_file(folder, monkeypatch):
    (folder / "example_url").write_text("from the file")
    monkeypatch.setenv("EXAMPLE_URL", "from the environment")
    assert read_settings(Example).url.get_secret_value() == "from the environment"


def test_an_empty_file_is_none(folder):
    (folder / "example_url").write_text("x")
    (folder / "example_key").write_text("\n")
    assert read_settings(Example).key is None


def test_a_file_of_another_service_is_left_alone(folder):
    (folder / "example_url").write_text("x")
    (folder / "other_key").write_bytes(b"\xff")
    assert read_settings(Example).key is None


def test_files_behind_links_are_read_as_kubernetes_mounts_them(folder):
    (folder / "..2026_11_24").mkdir()
    (folder / "..2026_11_24" / "example_url").write_text("x")
    (folder / "..data").symlink_to("..2026_11_24")
    (folder / "example_url").symlink_to("..data/example_url")
    assert read_settings(Example).url.get_secret_value() == "x"


def test_without_a_folder_the_environment_is_enough_and_nothing_warns(monkeypatch):
    monkeypatch.delenv("DAYBOOK_SECRETS_DIR", raising=False)
    monkeypatch.setenv("EXAMPLE_URL", "x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_settings(Example).url.get_secret_value() == "x"


def test_a_folder_that_is_named_must_be_there(tmp_path, monkeypatch):
    monkeypatch.setenv("DAYBOOK_SECRETS_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("EXAMPLE_URL", "x")
    with pytest.raises(SettingsWrong, match=r"DAYBOOK_SECRETS_DIR: .*nowhere is not a folder"):
        read_settings(Example)


def test_a_wrong_value_is_told_with_its_file_and_not_shown(folder):
    (folder / "example_url").write_text("x")
    (folder / "example_key").write_text(MARK)
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(Example)
    (fault,) = wrong.value.faults
    assert fault.startswith("EXAMPLE_KEY: ")
    assert fault.endswith(f"(from the file {folder / 'example_key'})")
    assert MARK not in fault
    assert wrong.value.__cause__ is None


def test_a_wrong_value_of_the_environment_is_told_as_such(folder, monkeypatch):
    (folder / "example_url").write_text("x")
    (folder / "example_key").write_text("a file's key of full length")
    monkeypatch.setenv("EXAMPLE_KEY", MARK)
    monkeypatch.setenv("EXAMPLE_ATTEMPTS", MARK)
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(Example)
    assert [fault.partition(":")[0] for fault in wrong.value.faults] == ["EXAMPLE_KEY", "EXAMPLE_ATTEMPTS"]
    assert all(fault.endswith("(from the environment)") for fault in wrong.value.faults)
    assert MARK not in str(wrong.value)


def test_a_missing_value_is_told_with_the_file_that_could_hold_it(folder):
    with pytest.raises(SettingsWrong, match=f"EXAMPLE_URL: .*{folder / 'example_url'}"):
        read_settings(Example)
    (folder / "example_url").write_text(" \n")
    with pytest.raises(SettingsWrong, match="example_url is empty"):
        read_settings(Example)


def test_a_missing_value_is_told_where_no_folder_is(monkeypatch):
    monkeypatch.delenv("DAYBOOK_SECRETS_DIR", raising=False)
    with pytest.raises(SettingsWrong, match=r"EXAMPLE_URL: .*nor named by DAYBOOK_SECRETS_DIR"):
        read_settings(Example)


@pytest.mark.usefixtures("folder")
def test_a_fault_of_several_settings_together_stands_alone():
    with pytest.raises(SettingsWrong) as wrong:
        read_settings(Either)
    assert wrong.value.faults == ("Value error, set EITHER_ONE or EITHER_OTHER",)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file; the next test asks as somebody else")
def test_a_file_that_may_not_be_read_is_told_by_name(folder):
    file = folder / "example_url"
    file.write_text("x")
    file.chmod(0)
    with pytest.raises(SettingsWrong, match=f"{file} cannot be read: Permission denied"):
        read_settings(Example)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_that_another_user_owns_is_told_by_name():
    """As a container's user sees a file of secrets that only its owner may read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "gateway_database_url").write_text(MARK)
        (folder / "gateway_database_url").chmod(0o600)
        ended = subprocess.run(
            [sys.executable, "-c", BECOME_SOMEBODY_ELSE],
            env={**unmeasured(), "DAYBOOK_SECRETS_DIR": name},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    told = f"{folder}/gateway_database_url cannot be read: Permission denied\n"
    assert (ended.returncode, ended.stderr) == (2, told)


def test_a_file_that_is_no_text_is_told_by_name_and_its_bytes_are_not_kept(folder):
    (folder / "example_url").write_bytes(b"\xff\xfe" + MARK.encode())
    with pytest.raises(SettingsWrong, match="example_url cannot be read: it is not UTF-8") as wrong:
        read_settings(Example)
    assert wrong.value.__cause__ is None


@pytest.mark.parametrize("service", ["gateway", "enrichment_worker", "insights_worker"])
def test_every_service_reads_its_secrets_from_files(folder, monkeypatch, service):
    settings_type = importlib.import_module(f"{service}.settings").Settings
    prefix = settings_type.model_config["env_prefix"]
    secret = {name for name, field in settings_type.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert {"nats_url", "qdrant_api_key"} <= secret
    for name in [*secret, "qdrant_url", "embedding_model"]:
        monkeypatch.delenv(f"{prefix}{name}".upper(), raising=False)
        (folder / f"{prefix}{name}".lower()).write_text(f"{name}-{MARK}-{MARK}\n")
    read = read_settings(settings_type)
    assert {name: getattr(read, name).get_secret_value() for name in secret} == {
        name: f"{name}-{MARK}-{MARK}" for name in secret
    }
    assert MARK not in repr(read.model_dump(exclude={"qdrant_url", "embedding_model"}))


def test_a_settings_class_built_by_hand_shows_pydantics_own_error(folder):
    with pytest.raises(ValidationError):
        Example()


@pytest.mark.parametrize(
    ("module", "variable"), [("gateway", "GATEWAY_LEXICON_KEY"), ("enrichment_worker", "ENRICHMENT_LEXICON_KEY")]
)
def test_a_service_that_is_told_wrongly_by_a_file_does_not_start_and_says_which(folder, module, variable):
    for name in ("database_url", "nats_url", "embedding_model", "qdrant_url", "gateway_key"):
        (folder / f"{variable.partition('_')[0].lower()}_{name}").write_text("x")
    (folder / variable.lower()).write_text(MARK)
    ended = subprocess.run(
        [sys.executable, "-m", module, "serve" if module == "gateway" else "work"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert f"{variable}: " in ended.stderr
    assert f"(from the file {folder / variable.lower()})" in ended.stderr
    assert MARK not in ended.stderr
