import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import nats
import pytest

from devstack.faults import NotForRoot, StartFailed
from devstack.nats import NatsServer, NatsUser
from devstack.ports import free_port, is_free, port_of
from devstack.postgres import PostgresServer, closed_folder
from devstack.process import ServerProcess


def test_a_preferred_port_is_taken_only_where_free() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        assert not is_free(taken)
        assert free_port(taken) != taken
    assert free_port(taken) == taken


@pytest.mark.parametrize("text", ["99999", "0", "-1", "http", ""])
def test_what_is_no_port_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=f"{text} is no port: they go from 1 to 65535"):
        port_of(text)
    assert port_of("65535") == 65535


def test_a_process_that_ends_early_tells_its_last_words(tmp_path: Path) -> None:
    process = ServerProcess("broken", [sys.executable, "-c", "exit('no space left')"], log=tmp_path / "log")
    process.start()
    with pytest.raises(StartFailed, match=r"code 1\nno space left"):
        process.wait_until(lambda: False, within_s=10)


def test_the_last_words_are_those_of_this_start(tmp_path: Path) -> None:
    process = ServerProcess("broken", ["sh", "-c", "echo $WORDS; exit 1"], log=tmp_path / "log", env={"WORDS": "old"})
    for words in ("old", "new"):
        process.change_env({"WORDS": words})
        process.start()
        with pytest.raises(StartFailed) as caught:
            process.wait_until(lambda: False, within_s=10)
        assert str(caught.value).splitlines()[1:-1] == [words]
    assert (tmp_path / "log").read_text() == "old\nnew\n"


def test_a_changed_setting_holds_from_the_next_start_on(tmp_path: Path) -> None:
    process = ServerProcess("said", ["sh", "-c", "echo $SIZE $KIND"], log=tmp_path / "log", env={"KIND": "new"})
    process.change_env({"SIZE": "8"})
    process.start()
    with pytest.raises(StartFailed, match=r"code 0\n8 new"):
        process.wait_until(lambda: False, within_s=30)


def test_a_process_that_is_never_ready_is_killed(tmp_path: Path) -> None:
    process = ServerProcess("slow", ["sleep", "60"], log=tmp_path / "log")
    process.start()
    with pytest.raises(StartFailed, match=r"not ready within 0.1 s"):
        process.wait_until(lambda: False, within_s=0.1)
    assert not process.running


def test_a_process_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    process = ServerProcess("stubborn", [sys.executable, "-c", stubborn], log=tmp_path / "log", stop_s=0.2)
    process.start()
    process.wait_until(lambda: "up" in process.log_tail(), within_s=10)
    process.pause()
    process.stop()
    assert process.exit_code == -9
    process.stop()


def test_a_killed_supervisor_leaves_no_orphan(tmp_path: Path) -> None:
    script = f"""
import os, sys, time
from pathlib import Path
from devstack.process import ServerProcess
p = ServerProcess("child", ["sleep", "60"], log=Path({str(tmp_path / "log")!r}))
p.start()
print(p.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        child = int(supervisor.stdout.readline())
        supervisor.kill()
    for _ in range(500):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.01)
    pytest.fail("the child outlived its supervisor")


async def test_nats_keeps_what_it_acknowledged_over_a_kill(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as server:
        async with await nats.connect(server.url) as client:
            stream = client.jetstream()
            await stream.add_stream(name="S", subjects=["s.>"])
            for number in range(50):
                await stream.publish("s.x", str(number).encode())
        server.process.kill()
        server.start()
        async with await nats.connect(server.url) as client:
            assert (await client.jetstream().stream_info("S")).state.messages == 50


async def test_a_nats_user_keeps_to_its_subjects(tmp_path: Path) -> None:
    errors: list[Exception] = []

    async def note(error: Exception) -> None:
        errors.append(error)

    user = NatsUser("reader", "secret", publish=("mine.>",), subscribe=("_INBOX.>",))
    with NatsServer(tmp_path / "nats", users=(user,)) as server:
        async with await nats.connect(server.url_of("reader"), error_cb=note) as client:
            await client.publish("mine.x", b"")
            await client.publish("theirs.x", b"")
            async with asyncio.timeout(5):
                while not errors:
                    await asyncio.sleep(0.01)
    assert [("theirs.x" in str(error).lower()) for error in errors] == [True]


async def test_postgres_keeps_its_port_password_and_rows_over_a_kill(servers_dir: Path) -> None:
    with PostgresServer(servers_dir / "own-postgres") as server:
        url = server.create_database("diary")
        assert server.create_database("diary") == url
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE t (x text); INSERT INTO t VALUES ('kept: é')")
        await connection.close()
        server.process.kill()
        server.start()
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT x FROM t") == "kept: é"
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        await connection.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url.replace("daybook:", "daybook:x"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_postgres_runs_for_an_ordinary_user_too(servers_dir: Path) -> None:
    if closed_folder(Path(sys.prefix) / "bin") is not None:
        pytest.skip("this checkout is where an ordinary user cannot even read the programs")
    home = servers_dir / "ordinary"
    home.mkdir()
    os.chown(home, 65534, 65534)
    # The interpreter itself may be where only root can start it, so the child becomes nobody after it started.
    script = f"""
import os
from pathlib import Path
from devstack.postgres import PostgresServer
os.setgroups([]), os.setgid(65534), os.setuid(65534)
with PostgresServer(Path({str(home / "postgres")!r})) as server:
    print(server.create_database("diary"))
"""
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("postgresql://daybook:")


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user needs nobody's leave")
def test_postgres_for_root_says_which_folder_is_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(NotForRoot, match=r"chmod o\+x .*closed"):
        PostgresServer(closed / "postgres").start()
