"""compose.yaml on a real engine: it comes up, enriches and finds, survives restarts, and goes without a trace.

NATS, PostgreSQL and our services are images. Qdrant's and Ollama's cannot be had everywhere: our own servers of their
APIs stand in their places (tests/support/compose.local.yaml).
"""

import json

import httpx
import pytest

from support import outside
from support.backends.engine import Engine
from support.compose_stack import ComposeStack
from support.eventually import wait_until
from support.journal_client import JournalClient
from support.stand_ins.image import TAG

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

STAYING = ["postgres", "nats", "qdrant", "ollama", "gateway", "enrichment-worker", "insights-worker", "insights-beat"]
PYTHON_INSIDE = ["qdrant", "ollama", "gateway", "enrichment-worker", "insights-worker", "insights-beat"]
#: Tries the root, a folder of the image, and what may be written.
WRITING = """
import errno, json
def fault(path):
    try:
        open(path, "w").close()
    except OSError as error:
        return errno.errorcode[error.errno]
print(json.dumps([fault("/x"), fault("/usr/x"), fault("/tmp/x")]))
"""
REACHING = f"""
import json, socket
try:
    socket.create_connection(("{outside.ADDRESS}", {outside.PORT}), timeout=3).close()
    print(json.dumps("reached"))
except OSError:
    print(json.dumps("not reached"))
"""
STATUS = "import json; print(json.dumps(dict(l.split(':', 1) for l in open('/proc/1/status').read().splitlines())))"


@pytest.fixture(scope="module")
def stack(images, tmp_path_factory):
    if not Engine().has(TAG):
        pytest.skip(f"{TAG} is not here: make test-compose")
    with ComposeStack(tmp_path_factory.mktemp("compose")) as running:
        print(f"up after {running.up_s:.1f} s")  # noqa: T201 - a measurement, for the docs
        yield running


@pytest.fixture
def journal(stack):
    wait_until(stack.is_ready, within_s=120)
    with JournalClient(stack.url, stack.admin_key, "me") as client:
        client.make()
        yield client


def test_an_entry_is_enriched_and_found(journal):
    posted = journal.post("My daughter took her first steps today and I could not stop smiling.")
    journal.done(posted["id"])
    assert journal.ids_found("the baby learned to walk") == [posted["id"]]


def test_one_port_is_open_and_on_loopback_alone(stack):
    published = {
        (service, binding["HostIp"], binding["HostPort"])
        for service, container in stack.containers().items()
        for bindings in container.ports.values()
        for binding in bindings or ()
    }
    assert published == {("gateway", "127.0.0.1", str(stack.port))}


@pytest.mark.parametrize("service", ["gateway", "enrichment-worker", "insights-worker", "insights-beat"])
def test_a_service_is_nobody_can_write_nowhere_and_has_no_capability(stack, service):
    assert stack.tell(service, WRITING) == ["EROFS", "EROFS", None]
    status = stack.tell(service, STATUS)
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    assert set(status["Uid"].split()) == {"65532"}


def test_nothing_reaches_the_world_but_what_fetches_models(stack):
    if fault := outside.fault():
        pytest.skip(fault)
    with outside.Outside():

        def fetched() -> bool:
            command = ["python", "-c", REACHING]
            network = f"{stack.project}_egress"
            output = stack.client.containers.run(TAG, entrypoint=command, network=network, remove=True)
            return json.loads(output) == "reached"

        wait_until(fetched, within_s=60)
        kept_in = {service: stack.tell(service, REACHING) for service in PYTHON_INSIDE}
    assert kept_in == dict.fromkeys(PYTHON_INSIDE, "not reached")


def test_names_from_outside_are_unknown_inside(stack):
    for service in ("enrichment-worker", "insights-worker", "gateway"):
        assert stack.container(service).attrs["HostConfig"]["Dns"] == ["127.0.0.1"]


def test_secrets_are_files_and_not_in_what_the_engine_shows(stack):
    words = {word for file in stack.secrets.iterdir() for word in file.read_text().split() if len(word) > 40}
    for service, container in stack.containers().items():
        shown = str(container.attrs)
        assert not [word for word in words if word in shown], service
        assert not [word for word in words if word in container.logs().decode()], service


@pytest.mark.parametrize("service", STAYING)
def test_a_restart_of_one_is_survived(stack, journal, service):
    before = journal.post(f"Before {service} was started again, I planted tulips.")
    stack.compose("restart", service)
    wait_until(stack.is_ready, within_s=120)

    def accepted() -> dict[str, str] | None:
        try:
            answer = journal.request("POST", "/entries", json={"body": f"After {service} came back, the tulips stood."})
        except httpx.TransportError:  # The engine's proxy listens before the gateway does.
            return None
        return answer.json() if answer.status_code == 201 else None

    taken: list[dict[str, str]] = []
    wait_until(lambda: (entry := accepted()) and not taken.append(entry), within_s=90)
    for entry in (before, *taken):
        journal.done(entry["id"], within_s=180)


def test_a_second_up_starts_no_service_again_and_keeps_the_entries(stack, journal):
    began = {service: stack.container(service).attrs["State"]["StartedAt"] for service in STAYING}
    entries = len(journal.listed())
    stack.up()
    assert {service: stack.container(service).attrs["State"]["StartedAt"] for service in STAYING} == began
    assert len(journal.listed()) == entries > 0


def test_volumes_outlive_a_down_and_nothing_outlives_the_end(stack, journal):
    entries = {entry["id"] for entry in journal.listed()}
    stack.compose("stop")
    codes = {service: stack.container(service).attrs["State"]["ExitCode"] for service in STAYING}
    assert {service: code for service, code in codes.items() if code} == {}
    stack.compose("down")
    assert {name.rpartition("_")[2] for name in stack.left()} == {"nats", "postgres", "qdrant", "models"}
    stack.up()
    assert {entry["id"] for entry in journal.listed()} == entries
    assert journal.ids_found("flowers in the garden")
    stack.compose("down", "--volumes")
    assert stack.left() == []
