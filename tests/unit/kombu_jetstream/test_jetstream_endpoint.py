"""What a broker URL and the options around it say, and that nothing secret stays where kombu shows it."""

import ssl
from pathlib import Path
from typing import Any

import kombu
import pytest

import kombu_jetstream
from kombu_jetstream._connection.endpoint import Endpoint, endpoint_of
from kombu_jetstream._connection.tls import Tls
from kombu_jetstream.errors import InvalidOption, InvalidUrl

SECRET = "s3cret-word"


@pytest.fixture(autouse=True)
def registered() -> None:
    kombu_jetstream.register()


def connection(url: str, **given: Any) -> kombu.Connection:
    return kombu.Connection(url, **given)


def endpoint(found: kombu.Connection) -> Endpoint:
    return endpoint_of(found, found.transport.options)


def test_a_url_names_server_user_and_prefix() -> None:
    found = connection(f"nats://me:{SECRET}@[::1]:4000/diary", transport_options={"servers": ["b", "nats://c:4333"]})
    assert endpoint(found).servers == ("nats://[::1]:4000", "nats://b:4222", "nats://c:4333")
    assert (endpoint(found).login.user, endpoint(found).login.password) == ("me", SECRET)
    assert found.virtual_host == "diary"
    assert endpoint(found).tls is None


def test_fields_do_as_well_as_a_url() -> None:
    found = connection("h", transport="nats", userid="me", password=SECRET, port=4000, virtual_host="diary")
    assert endpoint(found) == endpoint(connection(f"nats://me:{SECRET}@h:4000/diary"))


def test_the_shortest_url_means_this_machine_and_no_login() -> None:
    found = endpoint(connection("nats://"))
    assert found.servers == ("nats://127.0.0.1:4222",)
    assert found.login.arguments() == {}


@pytest.mark.parametrize("scheme", ["nats", "nats+tls"])
@pytest.mark.parametrize(
    "login", [f"{SECRET}@", f":{SECRET}@", f"me:{SECRET}@", ""], ids=["token", "lone password", "user", "option"]
)
def test_nothing_that_kombu_shows_holds_the_secret(scheme: str, login: str) -> None:
    options = {} if login else {"token": SECRET}
    found = connection(f"{scheme}://{login}h/diary;{scheme}://{login}i/diary", transport_options=options)
    assert SECRET not in found.as_uri() + repr(found)
    assert SECRET not in repr(found.info() | {"password": None})
    assert SECRET not in repr(found.clone().info() | {"password": None})
    assert SECRET not in repr(endpoint(found)) + repr(found.transport.options) + endpoint(found).login.told
    assert SECRET in endpoint(found).login.arguments().values()
    assert options == ({} if login else {"token": SECRET})


def test_a_clone_leads_to_the_same_place() -> None:
    for url in (f"nats+tls://me:{SECRET}@h:4000/diary", f"nats://{SECRET}@h;nats://{SECRET}@i:4000"):
        found = connection(url)
        assert endpoint(found.clone()) == endpoint(found)
        assert endpoint(found.clone().clone()) == endpoint(found)


def test_the_url_with_its_password_can_be_had() -> None:
    found = connection(f"nats+tls://me:{SECRET}%40@h:4000/diary")
    assert found.as_uri() == "nats+tls://me:**@h:4000/diary"
    again = connection(found.as_uri(include_password=True))
    assert endpoint(again) == endpoint(found)


def test_alternates_of_kombu_are_servers_of_one_cluster() -> None:
    found = connection(["nats://me:pw@h", "nats://i", "nats://me:pw@j:1/"])
    assert endpoint(found).servers == ("nats://h:4222", "nats://i:4222", "nats://j:1")
    assert found.cycle is None


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"nats://me:{SECRET}@h;nats://you:{SECRET}@i", "the same scheme and login"),
        (f"nats://me:{SECRET}@h;nats+tls://me:{SECRET}@i", "the same scheme and login"),
        (f"nats://me:{SECRET}@h/a;nats://me:{SECRET}@i/b", "the same prefix"),
        (f"nats+ws://me:{SECRET}@h", "unknown scheme"),
        (f"nats://me:/{SECRET}@h/x", "in a password write / as %2F"),
        (f"nats://me:{SECRET}@h:port/x", "in a password write / as %2F"),
        (f"nats://me:{SECRET}@h/x?replicas=3", "options belong in broker_transport_options"),
    ],
)
def test_an_unusable_url_is_refused_without_being_repeated(url: str, told: str) -> None:
    with pytest.raises(InvalidUrl, match=told) as caught:
        _ = connection(url).transport
    assert SECRET not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("server", [f"nats://me:{SECRET}@b", "nats://b/x", "http://b", "b:port"])
def test_the_option_servers_takes_addresses_only(server: str) -> None:
    with pytest.raises(InvalidOption, match="'servers'") as caught:
        endpoint(connection("nats://h", transport_options={"servers": [server]}))
    assert SECRET not in repr(caught.value)


@pytest.mark.parametrize("name", ["credentials", "nkey_seed", "token"])
def test_only_one_login_may_be_given(name: str) -> None:
    with pytest.raises(InvalidOption, match=f"'{name}'.*a second login beside the broker URL"):
        endpoint(connection("nats://me:pw@h", transport_options={name: "x"}))


def test_a_token_of_another_type_is_not_repeated() -> None:
    with pytest.raises(InvalidOption, match="'token'") as caught:
        _ = connection("nats://h", transport_options={"token": SECRET.encode()}).transport
    assert SECRET not in repr(caught.value)


def test_tls_is_asked_for_by_the_scheme_or_by_celerys_setting() -> None:
    assert endpoint(connection("nats+tls://h")).tls == Tls()
    assert endpoint(connection("nats://h", ssl=True)).tls == Tls()
    files = {"ca_certs": "ca", "certfile": "mine", "keyfile": "key", "cert_reqs": ssl.CERT_NONE}
    options = {"tls_hostname": "nats", "tls_first": True}
    found = endpoint(connection("nats://h", ssl=files, transport_options=options)).tls
    assert found == Tls("ca", "mine", "key", verify=False, hostname="nats", first=True)
    assert endpoint(connection("nats+tls://h", ssl=files, transport_options=options)).tls == found


def test_broker_use_ssl_may_be_a_context() -> None:
    context = ssl.create_default_context()
    found = endpoint(connection("nats://h", ssl=context)).tls
    assert found is not None
    assert found.context() is context


def test_a_context_verifies_unless_it_is_told_not_to() -> None:
    assert Tls().context().verify_mode == ssl.CERT_REQUIRED
    assert Tls().context().check_hostname
    assert Tls(verify=False).context().verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize(
    ("setting", "options", "told"),
    [
        ({"ca_cert": "x"}, {}, r"broker_use_ssl\['ca_cert'\]: unknown; known are ca_certs"),
        ({"keyfile": "x"}, {}, r"broker_use_ssl\['keyfile'\]: goes with a certfile"),
        ({"cert_reqs": ssl.CERT_OPTIONAL}, {}, r"broker_use_ssl\['cert_reqs'\]"),
        (None, {"tls_hostname": "x"}, r"'tls_hostname'\]: goes with TLS"),
        (None, {"tls_first": True}, r"'tls_first'\]: goes with TLS"),
    ],
)
def test_a_wrong_tls_setting_is_refused_by_name(setting: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidOption, match=told):
        endpoint(connection("nats://h", ssl=setting, transport_options=options))


def test_a_file_that_cannot_be_loaded_is_told_with_its_setting(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("hello")
    for tls, told in (
        (Tls(ca_certs=str(tmp_path / "none")), r"\['ca_certs'\]: cannot load .*none: No such file"),
        (Tls(ca_certs=str(text)), r"\['ca_certs'\]: cannot load .*text: "),
        (Tls(certfile=str(text), keyfile=str(text)), r"\['certfile'\]: cannot load .*text and .*text: "),
    ):
        with pytest.raises(InvalidOption, match=told):
            tls.context()


def test_a_password_may_be_a_function_as_kombu_has_it() -> None:
    def secret() -> str:
        return SECRET

    found = connection("h", transport="nats", userid="me", password=secret)
    assert endpoint(found).login.arguments() == {"user": "me", "password": secret}
    assert SECRET not in found.as_uri() + repr(endpoint(found))
    assert SECRET in found.as_uri(include_password=True)
