"""The stack's folder: one stack at a time, the same ports and secrets again, and faults that say what helps."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devstack import home as home_module
from devstack.faults import StackFault
from devstack.home import Home
from devstack.ports import free_port


def test_a_second_stack_on_the_same_folder_is_told_who_runs_and_how_to_stop_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with home.locked():
        with pytest.raises(StackFault, match=rf"process {os.getpid()}, .*Ctrl-C .*DAYBOOK_HOME"), home.locked():
            pass
        # Being refused takes nothing from the one that runs.
        with pytest.raises(StackFault, match=r"runs here already"), home.locked():
            pass


def test_the_lock_of_a_killed_stack_stops_nobody(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from devstack.home import Home
with Home(Path({str(tmp_path)!r})).locked():
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert (tmp_path / "lock").read_text()
    with Home(tmp_path).locked():
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_ports_stay_the_same_while_they_are_free(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = home.ports({"nats": 0, "gateway": 0})
    assert len(set(first.values())) == 2
    assert Home(tmp_path).ports({"nats": 0, "gateway": 0}) == first
    with socket.socket() as other:
        other.bind(("127.0.0.1", first["nats"]))
        other.listen()
        moved = home.ports({"nats": 0, "gateway": 0})
    assert moved["nats"] != first["nats"]
    assert moved["gateway"] == first["gateway"]


def test_a_preferred_port_is_taken_again_once_it_is_free(tmp_path: Path) -> None:
    home, preferred = Home(tmp_path), free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", preferred))
        other.listen()
        moved = home.ports({"nats": 0, "gateway": preferred})
        assert moved["gateway"] != preferred
        assert home.ports({"nats": 0, "gateway": preferred}) == moved
    assert home.ports({"nats": 0, "gateway": preferred}) == moved | {"gateway": preferred}


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(StackFault, match=rf"port {taken} for gateway is taken.*--port"):
            Home(tmp_path).ports({"gateway": taken}, fixed=frozenset({"gateway"}))


def test_a_port_that_was_lost_during_the_start_moves_unless_it_was_asked_for(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = home.ports({"nats": 0, "gateway": 0})
    with pytest.raises(StackFault, match=rf"port {first['gateway']} for gateway was taken .*--port"):
        home.move_port("gateway", is_fixed=True)
    moved = home.move_port("gateway", is_fixed=False)
    assert moved not in first.values()
    assert home.ports({"nats": 0, "gateway": 0}) == {"nats": first["nats"], "gateway": moved}


def test_secrets_are_made_once_and_are_the_owners_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.secrets({"gateway": "one"}) == {"gateway": "one"}
    assert home.secrets({"gateway": "two", "client": "three"}) == {"gateway": "one", "client": "three"}
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_state_that_is_forgotten_is_gone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_state({"gateway_url": "http://127.0.0.1:1"})
    assert json.loads((tmp_path / "stack.json").read_text()) == home.read_state()
    home.forget_state()
    home.forget_state()
    assert home.read_state() == {}


def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # No disk has that much room, so every disk is too full.
    monkeypatch.setattr(home_module, "_FREE_BYTES_NEEDED", 2**62)
    with pytest.raises(StackFault, match=r"only \d+ MiB are free .*DAYBOOK_HOME"), Home(tmp_path).locked():
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StackFault, match=r"cannot be written .*DAYBOOK_HOME"),
        Home(tmp_path / "file" / "home").locked(),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_of_somebody_else_is_told(servers_dir: Path) -> None:
    script = f"""
import os
from pathlib import Path
from devstack.faults import StackFault
from devstack.home import Home
os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    Home(Path({str(servers_dir / "foreign")!r})).locked().__enter__()
except StackFault as fault:
    print(fault)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert "cannot be written (Permission denied). Set DAYBOOK_HOME" in result.stdout
