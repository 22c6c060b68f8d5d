"""What the chart tells our services is what they read: checked by their own settings, with the mounted files."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from contracts.topology import STREAMS
from enrichment_worker import routes as enrichment
from enrichment_worker.settings import Settings as EnrichmentSettings
from gateway.service.keys import _KEY
from gateway.settings import Settings as GatewaySettings
from insights_worker import routes as insights
from insights_worker.settings import Settings as InsightsSettings
from kombu_jetstream import stream_specs
from kombu_jetstream._topology.naming import Names
from kombu_jetstream._topology.queues import queue_from_arguments
from support.chart.pods import PodSpec, pods_of
from support.chart.rendering import ROOT, VALUE_SETS, Rendered
from worker_kit import QueueSpec

NATS_SERVER = Path(sys.executable).with_name("nats-server")
SETTINGS: dict[str, type[BaseSettings]] = {
    "gateway": GatewaySettings,
    "commands": GatewaySettings,
    "setup": GatewaySettings,
    "enrichment-worker": EnrichmentSettings,
    "insights-worker": InsightsSettings,
    "insights-beat": InsightsSettings,
}


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a Secret of the operator's holds: the files of `make secrets`."""
    folder = tmp_path_factory.mktemp("secrets")
    subprocess.run([sys.executable, ROOT / "deploy/make_secrets.py", folder], check=True, capture_output=True)
    return {file.name: file.read_text() for file in folder.iterdir()}


def generated(chart: Rendered) -> dict[str, str]:
    (secret,) = chart.of_kind("Secret")
    return secret["stringData"]


@pytest.mark.parametrize("name", VALUE_SETS)
def test_every_service_would_start_with_what_it_is_given(
    charts: dict[str, Rendered],
    name: str,
    brought: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chart = charts[name]
    secrets = generated(chart) if chart.of_kind("Secret") else brought
    started = 0
    for pod in pods_of(chart):
        if pod.component not in SETTINGS:
            continue
        folder = tmp_path / pod.component
        folder.mkdir()
        for file, key in pod.secret_files().items():
            if key in secrets:
                (folder / file).write_text(secrets[key])
        for container in pod.containers:
            with monkeypatch.context() as patch:
                started += 1
                settings = _read(pod, container, folder, patch)
                if pod.component in {"gateway", "commands"}:
                    assert settings.http_host == "0.0.0.0"
                elif pod.component != "setup":
                    assert settings.metrics_host == "0.0.0.0"
                    assert settings.nats_inbox_prefix == f"_INBOX_{pod.component.replace('beat', 'worker')}"
    assert started >= 8


def _read(pod: PodSpec, container: dict, folder: Path, patch: pytest.MonkeyPatch) -> BaseSettings:
    kind = SETTINGS[pod.component]
    prefix = kind.model_config["env_prefix"]
    for variable, value in pod.environment(container).items():
        assert variable.removeprefix(prefix).lower() in kind.model_fields, variable
        if variable == "GATEWAY_CARE_TEXTS":
            continue  # The operator's own folder, which is not here.
        patch.setenv(variable, value)
    patch.setenv("DAYBOOK_SECRETS_DIR", str(folder))
    settings = kind()
    for file in folder.iterdir():
        if pod.component != "setup":
            assert file.name.removeprefix(prefix.lower()) in kind.model_fields, file.name
    return settings


def test_numbers_reach_the_services_as_they_were_written(charts: dict[str, Rendered]) -> None:
    (pod,) = [pod for pod in pods_of(charts["everything-bundled"]) if pod.component == "gateway"]
    environment = pod.environment(pod.containers[0])
    assert environment["GATEWAY_REQUEST_MAX_BYTES"] == "2097152"
    assert environment["GATEWAY_ASK_TIMEOUT_S"] == "90.5"
    assert environment["GATEWAY_CARE_LOCALE"] == "de-AT"
    (worker,) = [pod for pod in pods_of(charts["everything-bundled"]) if pod.component == "insights-worker"]
    assert worker.environment(worker.containers[0])["INSIGHTS_REFLECTION_CHECKED"] == "true"


def test_all_streams_are_kept_by_as_many_servers_as_the_cluster_has_for_it(charts: dict[str, Rendered]) -> None:
    for name, replicas in (("everything-external", "3"), ("minimal", "1")):
        found = {
            value
            for pod in pods_of(charts[name])
            for container in pod.containers
            for variable, value in pod.environment(container).items()
            if variable.endswith("_NATS_REPLICAS")
        }
        assert found == {replicas}


def test_servers_are_asked_where_they_are(charts: dict[str, Rendered]) -> None:
    for name in ("minimal", "long-name"):
        chart = charts[name]
        served = {
            f"{service['metadata']['name']}:{port['port']}"
            for service in chart.of_kind("Service")
            for port in service["spec"]["ports"]
        }
        texts = [value for pod in pods_of(chart) for each in pod.containers for value in pod.environment(each).values()]
        asked = {
            re.sub(r".*[/@]([^/@]+:\d+).*", r"\1", text)
            for text in [*texts, *generated(chart).values()]
            if re.match(r"(http|nats|postgresql)://", text) and "otel" not in text
        }
        assert asked
        assert asked <= served
        for scaled in chart.of_kind("ScaledObject"):
            for trigger in scaled["spec"]["triggers"]:
                host, _, port = trigger["metadata"]["natsServerMonitoringEndpoint"].partition(".diaries.svc:")
                assert f"{host}:{port}" in served


def consumers(queues: tuple[QueueSpec, ...]) -> set[tuple[str, str]]:
    names = Names("daybook")
    found: set[tuple[str, str]] = set()
    for queue in queues:
        arguments = {"x-max-priority": 9} if queue.has_priorities else {}
        declared = queue_from_arguments(queue.name, arguments, auto_delete=False, exclusive=False)
        found |= set(declared.consumers(names))
    return found


@pytest.mark.parametrize(
    ("worker", "queues"), [("enrichment-worker", enrichment.QUEUES), ("insights-worker", insights.QUEUES)]
)
def test_keda_looks_at_every_consumer_that_the_worker_has(
    charts: dict[str, Rendered], worker: str, queues: tuple[QueueSpec, ...]
) -> None:
    scaled = charts["keda"].one("ScaledObject", worker)
    found = [trigger["metadata"] for trigger in scaled["spec"]["triggers"]]
    looked_at = {(trigger["stream"], trigger["consumer"]) for trigger in found}
    (events,) = STREAMS
    durable = next(spec.durable for spec in events.consumers if spec.durable == worker)
    assert looked_at == consumers(queues) | {(events.name, durable)}
    assert {stream for stream, _ in consumers(queues)} == {stream_specs("daybook")[0].name}
    assert len(found) == len(looked_at)


def test_keda_reads_an_external_nats_under_its_own_account(charts: dict[str, Rendered]) -> None:
    scaled = charts["keda-external-nats"].one("ScaledObject", "enrichment-worker")
    for trigger in scaled["spec"]["triggers"]:
        assert trigger["metadata"]["account"] == "DAYBOOK"
        assert trigger["metadata"]["natsServerMonitoringEndpoint"] == "nats.nats.svc:8222"


def test_generated_keys_have_the_form_that_the_gateway_wants(charts: dict[str, Rendered]) -> None:
    secret = generated(charts["minimal"])
    keys = [secret[name] for name in ("admin_key", "enrichment_gateway_key", "insights_gateway_key")]
    assert all(_KEY.fullmatch(key) for key in keys)
    assert len({key[:12] for key in keys}) == 3
    assert len(secret["lexicon_key"]) >= 16


def test_a_secret_of_ones_own_has_the_keys_of_the_generated_one(
    charts: dict[str, Rendered], brought: dict[str, str]
) -> None:
    """So that the folder of `make secrets` can be taken as it is, and what a pod wants is in both."""
    single = {f"nats_{user}_password" for user in ("gateway", "enrichment", "insights", "client")}
    assert set(generated(charts["minimal"])) - single == set(brought) - {"grafana_admin_password"}
    for pod in pods_of(charts["existing-secret"]):
        assert {key for _, key, _ in pod.secret_keys()} <= set(brought)


def test_a_real_nats_server_takes_the_configuration_and_the_passwords(
    charts: dict[str, Rendered], tmp_path: Path
) -> None:
    chart = charts["minimal"]
    (config,) = chart.of_kind("ConfigMap")
    (tmp_path / "nats.conf").write_text(config["data"]["nats.conf"])
    (tmp_path / "passwords.conf").write_text(generated(chart)["nats_passwords"])
    tested = subprocess.run(
        [NATS_SERVER, "-t", "-c", tmp_path / "nats.conf"], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stderr
    secret = generated(chart)
    for user in ("gateway", "enrichment", "insights"):
        assert f":{secret[f'nats_{user}_password']}@" in secret[f"{user}_nats_url"]
        # A value that begins with a digit would be read as a number.
        assert secret[f"nats_{user}_password"][0].isalpha()


def test_every_setup_step_is_a_command_of_the_gateway(charts: dict[str, Rendered]) -> None:
    from gateway.commands import parser

    (pod,) = [pod for pod in pods_of(charts["minimal"]) if pod.component == "setup"]
    steps = [container["args"] for container in pod.containers]
    for args in steps:
        parser().parse_args(args)
    assert [args[0] for args in steps] == ["migrate", "topology", "keys", "keys", "keys"]
    files = {Path(args[args.index("--key-file") + 1]).name for args in steps if args[0] == "keys"}
    assert files == {"admin_key", "enrichment_gateway_key", "insights_gateway_key"}
