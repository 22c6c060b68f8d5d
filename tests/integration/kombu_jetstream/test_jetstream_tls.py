"""TLS with a nats-server that has it, wants it, and has it wrong."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import kombu
import pytest
from celery import Celery

from kombu_jetstream.errors import TlsFailed
from support.certificates import Authority
from support.kombu_jetstream.round_trip import attempt, round_trip
from support.kombu_jetstream.worker import Ledger, Worker
from support.nats_server import PASSWORD, USER, NatsServer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("tls"), more=authority.server("127.0.0.1")) as running:
        yield running


def url(server: NatsServer, scheme: str = "nats+tls", login: str = f"{USER}:{PASSWORD}@") -> str:
    return f"{scheme}://{login}127.0.0.1:{server.port}/tls"


def test_the_servers_certificate_is_verified_with_an_authority_of_ones_own(
    server: NatsServer, authority: Authority
) -> None:
    round_trip(url(server), ssl={"ca_certs": authority.certificate})
    round_trip(url(server, "nats"), ssl={"ca_certs": authority.certificate})
    context = ssl.create_default_context(cafile=authority.certificate)
    round_trip(url(server), ssl=context)


def test_an_authority_nobody_knows_is_refused_with_the_remedy(server: NatsServer) -> None:
    for address in (url(server), url(server, "nats")):
        with pytest.raises(TlsFailed, match=r"its authority is not known: .*broker_use_ssl\['ca_certs'\]") as caught:
            attempt(address)
        assert caught.value.retryable
    round_trip(url(server), ssl={"cert_reqs": ssl.CERT_NONE})


def test_connections_with_equal_settings_share_one_socket(server: NatsServer, authority: Authority) -> None:
    with (
        kombu.Connection(url(server), ssl={"ca_certs": authority.certificate}) as first,
        kombu.Connection(url(server), ssl={"ca_certs": authority.certificate}) as second,
    ):
        first.connect()
        second.connect()
        assert first.transport.broker.link is second.transport.broker.link


def test_a_certificate_for_another_host_is_refused_until_its_name_is_given(
    tmp_path: Path, authority: Authority
) -> None:
    files = {"ca_certs": authority.certificate}
    with NatsServer(tmp_path / "named", more=authority.server("nats.example")) as server:
        with pytest.raises(TlsFailed, match="for another address: set option 'tls_hostname'"):
            attempt(url(server), ssl=files)
        with pytest.raises(TlsFailed, match="for another host name: set option 'tls_hostname'"):
            attempt(url(server), ssl=files, tls_hostname="other.example")
        round_trip(url(server), ssl=files, tls_hostname="nats.example")


def test_an_expired_certificate_is_told_as_such(tmp_path: Path, authority: Authority) -> None:
    with (
        NatsServer(tmp_path / "old", more=authority.server("127.0.0.1", expired=True)) as server,
        pytest.raises(TlsFailed, match="the server's certificate is refused: it has expired"),
    ):
        attempt(url(server), ssl={"ca_certs": authority.certificate})


def test_a_client_certificate_is_shown_and_stands_for_the_user(tmp_path: Path, authority: Authority) -> None:
    certificate, key = authority.issue("worker", "worker@mail.example")
    files = {"ca_certs": authority.certificate, "certfile": certificate, "keyfile": key}
    authorization = 'users = [{user: "worker@mail.example"}]'
    tls = authority.server("127.0.0.1", more="verify_and_map: true")
    with NatsServer(tmp_path / "mapped", authorization=authorization, more=tls) as server:
        round_trip(url(server, login=""), ssl=files)
        with pytest.raises(TlsFailed, match=r"it wants a client certificate that it accepts, see .*\['certfile'\]"):
            attempt(url(server, login=""), ssl={"ca_certs": authority.certificate})
        other = Authority(tmp_path / "other")
        certificate, key = other.issue("worker", "worker@mail.example")
        with pytest.raises(TlsFailed, match=r"it wants a client certificate that it accepts, see .*\['certfile'\]"):
            attempt(url(server, login=""), ssl={**files, "certfile": certificate, "keyfile": key})


def test_a_server_that_begins_with_the_handshake(tmp_path: Path, authority: Authority) -> None:
    tls = authority.server("127.0.0.1", more="handshake_first: true")
    with NatsServer(tmp_path / "first", more=tls) as server:
        round_trip(url(server), ssl={"ca_certs": authority.certificate}, tls_first=True)


def test_a_server_that_takes_both_is_spoken_to_in_tls(tmp_path: Path, authority: Authority) -> None:
    with NatsServer(tmp_path / "both", more=f"{authority.server('127.0.0.1')}\nallow_non_tls: true") as server:
        files = {"ca_certs": authority.certificate}
        with kombu.Connection(url(server), ssl=files) as connection:
            connection.connect()
            transport = connection.transport.broker.link.client._transport
            assert transport._io_writer.get_extra_info("ssl_object") is not None
        round_trip(url(server, "nats"))


def test_a_prefork_worker_and_what_its_children_publish_go_through_tls(
    server: NatsServer, authority: Authority, worker: Callable[..., Worker], ledger: Ledger
) -> None:
    # OpenSSL's own variable for the machine's authorities.
    worker(BROKER_URL=url(server), SSL_CERT_FILE=authority.certificate)
    with Celery("client", broker=url(server), set_as_current=False) as app:
        app.conf.broker_use_ssl = {"ca_certs": authority.certificate}
        for number in range(6):
            app.send_task("support.kombu_jetstream.celery_app.pass_on", args=(str(number),), queue="tasks")
        assert {line["name"] for line in ledger.wait("ran", 6)} == {str(number) for number in range(6)}
        assert app.control.ping(timeout=3, limit=1)


def test_a_login_is_not_sent_in_plain_text_where_tls_was_asked_for(shared_server: NatsServer) -> None:
    with pytest.raises(TlsFailed, match="the server offers no TLS, and nothing is sent in plain text"):
        attempt(url(shared_server))
    with pytest.raises(TlsFailed):
        attempt(url(shared_server, "nats"), ssl=True, tls_first=True)


def test_a_connection_stays_encrypted_after_the_server_was_restarted(tmp_path: Path, authority: Authority) -> None:
    options = {"reconnect_wait_s": 0.05, "publish_timeout_s": 20}
    with NatsServer(tmp_path / "again", more=authority.server("127.0.0.1")) as server:
        files = {"ca_certs": authority.certificate}
        with kombu.Connection(url(server), ssl=files, transport_options=options) as connection:
            queue = kombu.Queue("q")(connection.default_channel)
            queue.declare()
            server.restart()
            connection.Producer().publish("after", routing_key="q")
            assert queue.get().payload == "after"
            writer = connection.transport.broker.link.client._transport._io_writer
            assert writer.get_extra_info("ssl_object") is not None
