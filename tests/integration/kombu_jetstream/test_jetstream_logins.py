"""Each way to log in, on a server that wants it; and what is told when it is refused."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import kombu
import pytest

from kombu_jetstream.errors import CannotConnect, InvalidOption, LinkClosed, LoginRefused
from support.kombu_jetstream.round_trip import attempt, round_trip
from support.kombu_jetstream.worker import until
from support.nats_jwt import Operator, new_user_key
from support.nats_server import NatsServer

WORD = "w0rd-that-nobody-may-see"


def at(server: NatsServer, login: str = "") -> str:
    return f"nats://{login}127.0.0.1:{server.port}/logins"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logins")


@pytest.fixture(scope="module")
def open_server(directory: Path) -> Iterator[NatsServer]:
    with NatsServer(directory / "open", authorization="") as server:
        yield server


@pytest.fixture(scope="module")
def token_server(directory: Path) -> Iterator[NatsServer]:
    with NatsServer(directory / "token", authorization=f'token: "{WORD}"') as server:
        yield server


@pytest.fixture(scope="module")
def operator() -> Operator:
    return Operator()


@pytest.fixture(scope="module")
def operators_server(directory: Path, operator: Operator) -> Iterator[NatsServer]:
    with NatsServer(directory / "operator", authorization="", more=operator.config) as server:
        yield server


def test_a_server_that_lets_everybody_in_needs_no_login(open_server: NatsServer) -> None:
    round_trip(at(open_server))


def test_a_user_with_odd_characters_in_the_password(directory: Path) -> None:
    users = 'users = [{user: "a b", password: "p@ss/w:rd#?"}]'
    with NatsServer(directory / "user", authorization=users) as server:
        round_trip(at(server, "a%20b:p%40ss%2Fw%3Ard%23%3F@"))


@pytest.mark.parametrize("login", [f"{WORD}@", f":{WORD}@"], ids=["NATS's own form", "as a password without user"])
def test_a_token_in_the_url(token_server: NatsServer, login: str) -> None:
    round_trip(at(token_server, login))


def test_a_token_as_an_option(token_server: NatsServer) -> None:
    round_trip(at(token_server), token=WORD)


def test_the_seed_file_of_an_nkey(directory: Path) -> None:
    key = new_user_key()
    seed = directory / "user.nk"
    seed.write_text(f"{key.seed}\n")
    with NatsServer(directory / "nkey", authorization=f"users = [{{nkey: {key.public}}}]") as server:
        round_trip(at(server), nkey_seed=str(seed))
        seed.write_text(new_user_key().seed)
        with pytest.raises(LoginRefused, match=r"the nkey of .*user\.nk \(option 'nkey_seed'\)"):
            attempt(at(server), nkey_seed=str(seed))


def test_a_credentials_file_of_an_operators_user(
    directory: Path, operators_server: NatsServer, operator: Operator
) -> None:
    round_trip(at(operators_server), credentials=str(operator.credentials(directory / "user.creds")))


def test_a_new_credentials_file_is_used_for_the_next_reconnect(tmp_path: Path, operator: Operator) -> None:
    path = operator.credentials(tmp_path / "user.creds")
    with NatsServer(tmp_path / "nats", authorization="", more=operator.config) as server:
        options = {"credentials": str(path), "reconnect_wait_s": 0.05}
        with kombu.Connection(at(server), transport_options=options) as connection:
            queue = kombu.Queue("q")(connection.default_channel)
            queue.declare()
            first = connection.transport.broker.link.client._user_jwt_cb()
            path.write_text("not yet written")
            server.restart()
            operator.credentials(path)
            connection.Producer().publish("after", routing_key="q")
            assert queue.get().payload == "after"
            assert connection.transport.broker.link.client._user_jwt_cb() != first


def test_what_keeps_a_client_from_reconnecting_is_logged_once(
    tmp_path: Path, operator: Operator, caplog: pytest.LogCaptureFixture
) -> None:
    path = operator.credentials(tmp_path / "user.creds")
    with NatsServer(tmp_path / "nats", authorization="", more=operator.config) as server:
        options = {"credentials": str(path), "reconnect_wait_s": 0.02}
        with kombu.Connection(at(server), transport_options=options) as connection:
            kombu.Queue("q")(connection.default_channel).declare()
            operator.credentials(path, expires_s=-60)
            server.restart()
            until(lambda: "cannot reconnect" in caplog.text)
            path.unlink()
            until(lambda: "cannot read" in caplog.text)
            operator.credentials(path)
            connection.Producer().publish("after", routing_key="q")
    told = [record.message for record in caplog.records if "cannot reconnect" in record.message]
    assert len(told) == len(set(told)) == 2
    assert "refuses the credentials file" in told[0]
    assert "whose JWT expired at" in told[0]
    assert "'credentials']: cannot read" in told[1]


def test_a_login_that_expires_ends_the_connection_and_a_new_file_opens_the_next(
    tmp_path: Path, operators_server: NatsServer, operator: Operator
) -> None:
    path = operator.credentials(tmp_path / "short.creds", expires_s=2)
    with kombu.Connection(at(operators_server), transport_options={"credentials": str(path)}) as connection:
        queue = kombu.Queue("expiring")(connection.default_channel)
        queue.declare()
        with kombu.Consumer(connection.default_channel, [queue], on_message=print), pytest.raises(LinkClosed):
            connection.drain_events(timeout=20)
        operator.credentials(path)
        connection.ensure_connection(max_retries=3)
        connection.Producer().publish("after", routing_key="expiring")


def test_an_expired_jwt_is_told_as_such(tmp_path: Path, operators_server: NatsServer, operator: Operator) -> None:
    path = operator.credentials(tmp_path / "old.creds", expires_s=-60)
    with pytest.raises(LoginRefused, match=r"old\.creds \(option 'credentials'\), whose JWT expired at 20\d\d-"):
        attempt(at(operators_server), credentials=str(path))


@pytest.mark.parametrize(
    ("login", "told"),
    [
        ("", "a connection without login"),
        ("somebody:wr0ng@", "user 'somebody' with the password of the broker URL"),
        ("wr0ng@", "the token"),
    ],
)
def test_a_refused_login_names_itself_and_no_secret(
    token_server: NatsServer, login: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(LoginRefused, match="Authorization Violation") as caught:
        attempt(at(token_server, login))
    assert told in str(caught.value)
    assert caught.value.retryable
    assert "wr0ng" not in f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}"


def test_no_server_is_no_refusal(open_server: NatsServer) -> None:
    with pytest.raises(CannotConnect, match="no NATS server at nats://127") as caught:
        attempt("nats://127.0.0.1:1/logins", connect_timeout_s=1)
    assert not isinstance(caught.value, LoginRefused)


def test_files_that_cannot_be_used_are_told_with_their_option(tmp_path: Path, open_server: NatsServer) -> None:
    text = tmp_path / "text"
    text.write_text(f"hello {WORD}")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    account = tmp_path / "account.nk"
    account.write_text(Operator()._account.seed)
    cases = [
        ("credentials", tmp_path / "none", "cannot read .*none: No such file"),
        ("credentials", tmp_path, "cannot read .*: Is a directory"),
        ("credentials", text, "no section BEGIN NATS USER JWT"),
        ("credentials", binary, "not a text file"),
        ("nkey_seed", tmp_path / "none", "cannot read .*none: No such file"),
        ("nkey_seed", text, "does not hold the seed of an nkey"),
        ("nkey_seed", account, "something other than a user"),
    ]
    for option, path, told in cases:
        with pytest.raises(InvalidOption, match=rf"'{option}'\]: .*{told}") as caught:
            attempt(at(open_server), **{option: str(path)})
        assert caught.value.option == option
        assert WORD not in repr(caught.value)


def test_without_the_package_nkeys_its_name_is_told(
    tmp_path: Path, operator: Operator, open_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = operator.credentials(tmp_path / "user.creds")
    monkeypatch.setitem(sys.modules, "nkeys", None)
    with pytest.raises(InvalidOption, match=r"install daybook-kombu-jetstream\[nkeys\]"):
        attempt(at(open_server), credentials=str(path))


def test_two_logins_are_refused(open_server: NatsServer) -> None:
    with pytest.raises(InvalidOption, match=r"'token'.*a second login beside the broker URL"):
        attempt(at(open_server, "user:pw@"), token=WORD)
    with pytest.raises(InvalidOption, match=r"'nkey_seed'.*beside option 'credentials'"):
        attempt(at(open_server), credentials="a", nkey_seed="b")


def test_several_servers_in_one_url_as_kombu_writes_them(token_server: NatsServer) -> None:
    with kombu.Connection(f"nats://{WORD}@127.0.0.1:1/logins;{at(token_server, WORD + '@')}") as connection:
        connection.connect()
        assert connection.transport.options.servers == (f"nats://127.0.0.1:{token_server.port}",)
        assert WORD not in f"{connection.info() | {'password': None}}"
        with connection.clone() as second:
            assert second.connect()
            assert second.transport.broker.link is connection.transport.broker.link
