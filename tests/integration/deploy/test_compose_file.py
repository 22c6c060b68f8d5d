"""compose.yaml: what holds for every container, read from what Compose makes of it."""

import re
from fnmatch import fnmatch

import pytest
import yaml

from devstack.permissions import ENRICHMENT, INSIGHTS, inbox_of
from enrichment_worker.settings import Settings as EnrichmentSettings
from gateway.settings import Settings as GatewaySettings
from insights_worker.settings import Settings as InsightsSettings
from support.compose_file import ROOT, make_secrets, settings_of, understood

PROFILES = [(), ("observability",), ("gpu",), ("observability", "gpu")]
#: They do something at each start, and end.
ONCE = {"volumes", "models", "migrate", "topology", "key-admin", "key-enrichment", "key-insights"}
#: Why nobody asks them whether they are well stands beside each in compose.yaml.
UNASKED = {"otel-collector"}
MODULES = {"gateway": "gateway", "enrichment-worker": "enrichment_worker", "insights-worker": "insights_worker"}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    make_secrets(folder)
    return folder


@pytest.fixture(scope="module", params=PROFILES, ids="+".join)
def project(request, secrets):
    return understood(secrets, *request.param)


@pytest.fixture(scope="module")
def everything(secrets):
    return understood(secrets, "observability", "gpu")


def services(project):
    return project["services"].items()


def test_a_profile_adds_services_and_changes_none(secrets):
    alone = understood(secrets)["services"]
    assert set(alone) >= ONCE
    for profile, added in (
        ("observability", {"prometheus", "grafana", "otel-collector"}),
        ("gpu", {"ollama-gpu"}),
    ):
        more = understood(secrets, profile)["services"]
        assert set(more) - set(alone) == added
        assert {name: more[name] for name in alone} == alone


def test_the_gateways_port_is_the_only_one_and_on_loopback(secrets):
    def published(*profiles):
        return {
            (name, port["host_ip"], port["published"])
            for name, service in services(understood(secrets, *profiles))
            for port in service.get("ports", ())
        }

    assert published() == published("gpu") == {("gateway", "127.0.0.1", "8080")}
    assert published("observability") - published() == {("grafana", "127.0.0.1", "3000")}


def test_no_container_has_more_than_it_needs(project):
    for name, service in services(project):
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged"), name
        assert "pid" not in service, name
        assert service.get("cap_add", []) == (["CHOWN"] if name == "volumes" else []), name
        assert "docker.sock" not in str(service), name
        for mount in service.get("volumes", ()):
            assert mount["type"] == "volume" or mount["read_only"], name


def test_only_what_changes_the_volumes_owner_is_root(project):
    for name, service in services(project):
        if name == "volumes":
            assert (service["user"], service["network_mode"]) == ("0:0", "none")
        elif name not in {"prometheus", "grafana", "otel-collector"}:  # Their images name a user of their own.
            assert service["user"] in {"65532:65532", "1000:1000", "postgres"}, name


def test_memory_and_processes_are_limited_and_logs_are_turned_over(project):
    for name, service in services(project):
        limits = service["deploy"]["resources"]["limits"]
        assert int(limits["memory"]) > 0, name
        assert limits["pids"] > 0, name
        assert "cpus" in limits or service["cpu_shares"] < 1024, name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, name
        for mount in service.get("tmpfs", ()):
            assert "size=" in mount, name


def test_each_that_stays_says_that_it_is_well_and_comes_back(project):
    for name, service in services(project):
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name
        assert ("disable" in service.get("healthcheck", {})) == (name in ONCE | UNASKED), name
        assert "healthcheck" in service, name


def test_what_ends_is_waited_for_by_what_stays(project):
    """Else `up --wait` takes an end for a failure."""
    waited_for = {
        needed
        for name, service in services(project)
        if name not in ONCE
        for needed, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    assert waited_for | {"volumes"} >= ONCE
    for service in project["services"].values():
        for needed, how in service.get("depends_on", {}).items():
            right = "service_completed_successfully" if needed in ONCE else "service_healthy"
            assert how["condition"] == right


@pytest.mark.parametrize(("profiles", "server"), [((), "ollama"), (("gpu",), "ollama-gpu")])
def test_workers_wait_for_the_model_server_that_they_ask(secrets, profiles, server):
    found = understood(secrets, *profiles, DAYBOOK_OLLAMA=server)["services"]
    for name in ("enrichment-worker", "insights-worker", "insights-beat"):
        assert f"http://{server}:11434" in found[name]["environment"].values()
        assert found[name]["depends_on"][server]["condition"] == "service_healthy"
        needed = {other for other, how in found[name]["depends_on"].items() if how["required"]}
        assert needed <= set(found)


def test_nothing_but_the_gateway_leaves_the_inner_network(everything):
    networks = everything["networks"]
    assert networks["inside"]["internal"] is True
    assert networks["edge"]["driver_opts"] == {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    places = {name: set(service.get("networks", ())) for name, service in services(everything)}
    outside = {name: where for name, where in places.items() if where != {"inside"}}
    assert outside == {
        "volumes": set(),
        "models": {"egress"},
        "gateway": {"inside", "edge"},
        "grafana": {"inside", "edge"},
    }


def test_a_name_from_outside_is_asked_of_nobody(everything):
    for name, service in services(everything):
        if "inside" in service.get("networks", ()):
            assert service["dns"] == ["127.0.0.1"], name


def test_who_fetches_models_shares_nothing_but_their_volume(everything):
    models = everything["services"]["models"]
    assert [mount["source"] for mount in models["volumes"]] == ["models"]
    assert not models.get("secrets")
    holders = {name for name, service in services(everything) if "'source': 'models'" in str(service.get("volumes"))}
    assert holders == {"volumes", "models", "ollama", "ollama-gpu"}


def test_images_are_named_with_a_version(everything):
    for name, service in services(everything):
        tag = service["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d+[\w.-]*", tag), name


def test_no_secret_is_in_what_an_engine_shows(secrets, everything):
    shown = yaml.safe_dump(everything)
    for file in secrets.iterdir():
        for word in re.findall(r"[0-9a-f]{64}|dbk_\S+", file.read_text()):
            assert word not in shown, file.name


def test_every_secret_is_made_by_make_secrets_and_used(secrets, everything):
    named = {secret["file"] for secret in everything["secrets"].values()}
    assert named == {str(secrets / file.name) for file in secrets.iterdir()} - {str(secrets / "client_nats_url")}
    used = {secret["source"] for service in everything["services"].values() for secret in service.get("secrets", ())}
    assert used == set(everything["secrets"])


def test_a_worker_has_no_key_to_the_database_and_each_service_its_own_secrets(everything):
    def targets(name):
        secrets = everything["services"][name]["secrets"]
        return {secret.get("target", secret["source"]).rpartition("/")[2] for secret in secrets}

    assert targets("gateway") == {
        "gateway_database_url",
        "gateway_nats_url",
        "gateway_qdrant_api_key",
        "gateway_lexicon_key",
    }
    for name, prefix in (("enrichment-worker", "enrichment_"), ("insights-worker", "insights_")):
        assert all(target.startswith(prefix) for target in targets(name))


@pytest.mark.parametrize("image", MODULES)
def test_every_variable_and_file_is_a_setting_of_its_service(everything, image):
    known = settings_of(MODULES[image])
    users = [service for _name, service in services(everything) if service["image"].startswith(f"daybook/{image}:")]
    assert users
    for service in users:
        files = {secret.get("target", secret["source"]).rpartition("/")[2].upper() for secret in service["secrets"]}
        # A key file is named on the command line.
        assert {file for file in files if file not in " ".join(service["command"]).upper()} <= known
        assert set(service["environment"]) <= known


def test_the_inboxes_are_those_that_the_logins_may_listen_on(everything):
    of = {name: service["environment"] for name, service in services(everything) if "environment" in service}
    assert of["enrichment-worker"]["ENRICHMENT_NATS_INBOX_PREFIX"] == inbox_of(ENRICHMENT)
    assert of["insights-worker"]["INSIGHTS_NATS_INBOX_PREFIX"] == inbox_of(INSIGHTS)
    assert of["insights-beat"] == of["insights-worker"]


def test_the_example_of_settings_names_all_of_them_and_shows_what_holds_otherwise():
    used = dict(re.findall(r"\$\{([A-Z_]+)(?::-([^}]*))?\}", (ROOT / "compose.yaml").read_text()))
    passed_on = set(re.findall(r"^ +([A-Z_]+):$", (ROOT / "compose.yaml").read_text(), re.MULTILINE))
    shown = dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert set(shown) == {*used, *passed_on, "COMPOSE_PROFILES"}
    assert {name: shown[name] for name in used if name != "DAYBOOK_OLLAMA"} == {
        name: default for name, default in used.items() if name != "DAYBOOK_OLLAMA"
    }
    for service in MODULES.values():
        settings = {name for name in shown if name.startswith(service.partition("_")[0].upper())}
        assert settings <= settings_of(service)


def test_every_setting_of_the_example_reaches_a_container(secrets):
    shown = dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    asked = {name: value for name, value in shown.items() if name.startswith(("GATEWAY", "ENRICHMENT", "INSIGHTS"))}
    text = str(understood(secrets, **asked)["services"])
    assert [name for name, value in asked.items() if f"'{name}': '{value}'" not in text] == []


def test_every_file_that_is_mounted_is_in_the_project(everything):
    sources = [config["file"] for config in everything["configs"].values()]
    sources += [
        mount["source"]
        for service in everything["services"].values()
        for mount in service.get("volumes", ())
        if mount["type"] == "bind"
    ]
    assert len(sources) == 7
    for source in sources:
        assert (ROOT / source).exists(), source


def test_prometheus_asks_every_process_of_ours_where_it_answers(everything):
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yaml").read_text())
    asked = [
        target for job in config["scrape_configs"] for group in job["static_configs"] for target in group["targets"]
    ]
    by_name = dict(target.split(":") for target in asked)
    assert set(by_name) - {"127.0.0.1"} <= set(everything["services"])
    ours = {name for name, service in services(everything) if service["image"].startswith("daybook/")} - ONCE
    assert {name: int(port) for name, port in by_name.items() if name in ours} == {
        "gateway": GatewaySettings.model_fields["http_port"].default,
        "enrichment-worker": EnrichmentSettings.model_fields["metrics_port"].default,
        "insights-worker": InsightsSettings.model_fields["metrics_port"].default,
        "insights-beat": InsightsSettings.model_fields["beat_metrics_port"].default,
    }
    assert ours <= set(by_name)
    check = everything["services"]["insights-beat"]["healthcheck"]["test"]
    assert check[-2:] == ["INSIGHTS_BEAT_METRICS_PORT", by_name["insights-beat"]]


def test_prometheus_loads_every_file_of_rules_and_no_test_of_them():
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yaml").read_text())
    (pattern,) = config["rule_files"]
    files = {f"rules/{file.name}" for file in (ROOT / "deploy/grafana/rules").glob("*.yaml")}
    # Go's way of writing "none of these".
    loaded = {file for file in files if fnmatch(file, pattern.replace("[^", "[!"))}
    assert files - loaded == {file for file in files if file.endswith(".test.yaml")}
    assert "rules/decision.yaml" in loaded
