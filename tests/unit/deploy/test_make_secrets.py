"""`make secrets`: what it makes, for whom, and that it never takes anything away."""

import importlib.util
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.nats_file import PASSWORD_VARIABLES
from gateway.service.keys import mint_key

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "deploy" / "make_secrets.py"


@pytest.fixture(scope="module")
def make_secrets():
    spec = importlib.util.spec_from_file_location("make_secrets", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "secrets"


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_folder_is_its_owners_and_containers_can_read_the_files(make_secrets, folder):
    make_secrets.ensure(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}


def test_a_second_run_changes_nothing(make_secrets, folder):
    assert set(make_secrets.ensure(folder)) == set(contents(folder))
    before = contents(folder)
    assert make_secrets.ensure(folder) == []
    assert contents(folder) == before


def test_a_folder_open_to_others_is_closed(make_secrets, folder):
    folder.mkdir(mode=0o755)
    make_secrets.ensure(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_secret_of_the_owners_stays(make_secrets, folder):
    folder.mkdir()
    (folder / "admin_key").write_text("mine")
    make_secrets.ensure(folder)
    assert (folder / "admin_key").read_text() == "mine"


def test_what_belongs_together_is_not_completed_by_halves(make_secrets, folder):
    make_secrets.ensure(folder)
    (folder / "gateway_nats_url").unlink()
    (folder / "admin_key").unlink()
    with pytest.raises(make_secrets.SecretsFault, match="gateway_nats_url missing beside nats_passwords"):
        make_secrets.ensure(folder)
    assert not (folder / "admin_key").exists()


def test_rotating_a_group_changes_that_group_alone(make_secrets, folder):
    make_secrets.ensure(folder)
    before = contents(folder)
    written = make_secrets.ensure(folder, rotate=frozenset({"nats"}))
    changed = {name for name, text in contents(folder).items() if text != before[name]}
    assert (
        set(written) == changed == {"nats_passwords", *(file for _variable, file in make_secrets.NATS_USERS.values())}
    )


@pytest.mark.parametrize("group", ["postgres", "lexicon", "grafana"])
def test_what_a_new_file_would_break_is_not_rotated(make_secrets, folder, group):
    make_secrets.ensure(folder)
    before = contents(folder)
    with pytest.raises(make_secrets.SecretsFault, match=f"{group} is not rotated by a new file"):
        make_secrets.ensure(folder, rotate=frozenset({group, "nats"}))
    assert contents(folder) == before


def test_the_nats_users_are_those_of_the_servers_configuration(make_secrets, folder):
    assert {name: variable for name, (variable, _file) in make_secrets.NATS_USERS.items()} == PASSWORD_VARIABLES
    make_secrets.ensure(folder)
    passwords = dict(re.findall(r'(\w+): "(\w+)"', (folder / "nats_passwords").read_text()))
    for name, (variable, file) in make_secrets.NATS_USERS.items():
        assert (folder / file).read_text() == f"nats://{name}:{passwords[variable]}@nats:4222\n"


def test_the_keys_have_the_form_that_the_gateway_mints(make_secrets, folder):
    make_secrets.ensure(folder)
    shape = r"dbk_[0-9a-f]{8}_[A-Za-z0-9_-]{43}"
    assert re.fullmatch(shape, mint_key())
    for name in ("admin_key", "enrichment_gateway_key", "insights_gateway_key"):
        assert re.fullmatch(shape, (folder / name).read_text().strip())


def test_it_needs_python_alone_and_prints_no_secret(folder):
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), str(folder)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "admin_key" in ran.stdout
    for text in contents(folder).values():
        assert text.strip() not in ran.stdout
    again = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), "--rotate", "postgres"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert again.returncode == 1
    assert "docs/compose.md" in again.stderr


def test_git_keeps_no_secret():
    ignored = subprocess.run(
        ["git", "check-ignore", "secrets/admin_key", ".env"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ignored.stdout.split() == ["secrets/admin_key", ".env"]
