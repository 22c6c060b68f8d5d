"""deploy/nats/nats.conf: written from the list of permissions, and what a server makes of it."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from devstack.nats_file import container_config, main
from devstack.permissions import new_passwords, stack_users
from support.container_nats import COMMITTED, ContainerNats

SERVER = Path(sys.executable).with_name("nats-server")


def test_the_committed_file_is_what_make_nats_config_writes(tmp_path: Path) -> None:
    assert main([str(tmp_path / "nats.conf")]) == 0
    assert (tmp_path / "nats.conf").read_text() == COMMITTED.read_text(), "run `make nats-config`"


def test_it_holds_no_password() -> None:
    lines = [line.strip() for line in container_config().splitlines() if "password:" in line]
    assert len(lines) == 4
    assert all(line.startswith("password: $NATS_") for line in lines)


def test_passwords_come_from_the_environment_where_their_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "nats.conf").write_text(COMMITTED.read_text())
    (tmp_path / "passwords.conf").write_text("")
    names = [line.rpartition("$")[2] for line in container_config().splitlines() if "password:" in line]
    checked = subprocess.run(
        [str(SERVER), "-t", "-c", str(tmp_path / "nats.conf")],
        env=dict.fromkeys(names, "secret"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr


def test_a_server_without_passwords_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "nats.conf").write_text(COMMITTED.read_text())
    (tmp_path / "passwords.conf").write_text("")
    command = [str(SERVER), "-t", "-c", str(tmp_path / "nats.conf")]
    refused = subprocess.run(command, env={}, capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode != 0
    assert "NATS_GATEWAY_PASSWORD" in refused.stderr


@pytest.fixture
def server(tmp_path: Path):
    with ContainerNats(tmp_path, users=stack_users(new_passwords())) as running:
        yield running


def test_a_server_syncs_what_it_acknowledges_and_says_that_it_is_well(server: ContainerNats) -> None:
    def monitored(path: str) -> dict[str, object]:
        with urllib.request.urlopen(f"{server.monitor_url}{path}", timeout=5) as answer:
            return json.load(answer)

    assert monitored("/healthz?js-enabled-only=true")["status"] == "ok"
    assert monitored("/jsz")["config"]["sync_always"] is True  # type: ignore[index]
    assert monitored("/varz")["max_payload"] == 2 * 1024 * 1024
