"""Every value set of the chart gives objects that Kubernetes takes, and that fit together."""

import copy
import json
import re

import pytest

from support.chart.kubernetes_schemas import fault
from support.chart.pods import TEMPLATED, matches, pods_of
from support.chart.rendering import NAMESPACE, ROOT, VALUE_SETS, Rendered
from support.promql import asked_elsewhere, rules

SETS = [
    *VALUE_SETS,
    "long-name",
    "upgrade",
    "upgrade-bundled",
    "monitoring-without-clock",
    "monitoring-without-workers",
]
#: What speaks to servers that may be one's own.
OURS = {"gateway", "commands", "enrichment-worker", "insights-worker", "insights-beat", "setup"}
#: The oldest that Chart.yaml allows, one between, and the newest known.
KUBERNETES = ("1.30", "1.33", "1.37")


@pytest.fixture(params=SETS)
def chart(request: pytest.FixtureRequest, charts: dict[str, Rendered]) -> Rendered:
    return charts[request.param]


def test_there_are_a_dozen_value_sets_and_more() -> None:
    assert len(VALUE_SETS) >= 12


def test_helm_renders_it_and_lints_it_strictly(chart: Rendered) -> None:
    assert chart.error == ""
    assert chart.lint == ()


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_would_take_every_object(charts: dict[str, Rendered], version: str) -> None:
    # What several value sets make alike is looked at once.
    documents = {json.dumps(document): document for name in SETS for document in charts[name].documents}
    assert len(documents) > 100
    faults = {fault(document, version): document["metadata"]["name"] for document in documents.values()}
    assert set(faults) == {None}, faults


def test_a_misspelt_field_would_be_seen(charts: dict[str, Rendered]) -> None:
    deployment = copy.deepcopy(charts["minimal"].one("Deployment", "gateway"))
    deployment["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    assert "readinesProbe" in (fault(deployment, KUBERNETES[0]) or "")
    scaled = copy.deepcopy(charts["keda"].one("ScaledObject", "insights-worker"))
    scaled["spec"]["triggers"][0]["metadata"]["lagThreshold"] = 5
    assert "is not of type 'string'" in (fault(scaled, KUBERNETES[0]) or "")


def test_no_two_objects_are_one(chart: Rendered) -> None:
    names = [(document["kind"], document["metadata"]["name"]) for document in chart.documents]
    assert len(names) == len(set(names))


def test_names_and_labels_are_short_enough(chart: Rendered) -> None:
    for document in chart.documents:
        name = document["metadata"]["name"]
        # A StatefulSet's name and a hash of ten stand in one label of its pods.
        assert len(name) <= (52 if document["kind"] == "StatefulSet" else 63), name
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", name)
        for label in document["metadata"]["labels"].values():
            assert len(label) <= 63
            assert re.fullmatch(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?", label), label


def test_every_object_is_in_the_releases_own_namespace(chart: Rendered) -> None:
    assert [document for document in chart.documents if "namespace" in document["metadata"]] == []


def test_every_selector_finds_exactly_its_own_pods(chart: Rendered) -> None:
    pods = pods_of(chart)
    for owner in chart.of_kind("Deployment", "StatefulSet"):
        found = [pod.owner["metadata"]["name"] for pod in pods if matches(owner["spec"]["selector"], pod.labels)]
        assert found == [owner["metadata"]["name"]]
    for service in chart.of_kind("Service"):
        (pod,) = [pod for pod in pods if matches({"matchLabels": service["spec"]["selector"]}, pod.labels)]
        ports = {port["name"] for container in pod.containers for port in container.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for budget in chart.of_kind("PodDisruptionBudget"):
        assert sum(matches(budget["spec"]["selector"], pod.labels) for pod in pods) == 1
    for monitor in chart.of_kind("ServiceMonitor"):
        services = [service["metadata"]["labels"] for service in chart.of_kind("Service")]
        assert sum(matches(monitor["spec"]["selector"], labels) for labels in services) == 1
    for monitor in chart.of_kind("PodMonitor"):
        (pod,) = [pod for pod in pods if matches(monitor["spec"]["selector"], pod.labels)]
        ports = {port["name"] for container in pod.containers for port in container["ports"]}
        assert {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]} <= ports


def test_what_is_watched_runs_and_what_runs_is_watched(charts: dict[str, Rendered]) -> None:
    for name, clock in (("monitoring", True), ("monitoring-without-clock", False)):
        chart = charts[name]
        alerts = {
            rule["alert"]
            for found in chart.of_kind("PrometheusRule")
            for group in found["spec"]["groups"]
            for rule in group["rules"]
            if "alert" in rule
        }
        assert "DaybookWorkerAbsent" in alerts
        assert ("DaybookClockSilent" in alerts) is clock
        components = {
            found["metadata"]["labels"]["app.kubernetes.io/component"]
            for found in chart.of_kind("ServiceMonitor", "PodMonitor")
        }
        assert components == {"gateway", "enrichment-worker", "insights-worker"} | (
            {"insights-beat"} if clock else set()
        )


@pytest.mark.parametrize(
    ("name", "workers"),
    [
        ("monitoring", ["enrichment-worker", "insights-worker"]),
        ("monitoring-without-insights", ["enrichment-worker"]),
        ("monitoring-without-workers", []),
    ],
)
def test_a_worker_that_is_not_meant_to_run_is_not_missed(
    charts: dict[str, Rendered], name: str, workers: list[str]
) -> None:
    watched = {
        found["metadata"]["labels"]["app.kubernetes.io/component"] for found in charts[name].of_kind("PodMonitor")
    }
    assert watched == {*workers, "insights-beat"}
    missed = [
        rule["expr"]
        for found in charts[name].of_kind("PrometheusRule")
        for group in found["spec"]["groups"]
        for rule in group["rules"]
        if rule.get("alert") == "DaybookWorkerAbsent"
    ]
    assert re.findall(r"component=\"([a-z-]+)\"", " ".join(missed)) == workers
    assert len(missed) == bool(workers)


def test_rules_ask_in_their_own_namespace_and_are_else_those_of_the_files(charts: dict[str, Rendered]) -> None:
    rendered = {
        rule.get("alert") or rule["record"]: rule
        for found in charts["monitoring"].of_kind("PrometheusRule")
        for group in found["spec"]["groups"]
        for rule in group["rules"]
    }
    for rule in rules():
        here = {**rendered.pop(rule.get("alert") or rule["record"])}
        assert asked_elsewhere(here["expr"], NAMESPACE) == []
        here["expr"] = re.sub(r"namespace=\"\w+\",?", "", here["expr"]).replace("{}", "")
        assert here == rule | {"labels": rule.get("labels", {}) | {"namespace": NAMESPACE}}
    assert rendered == {}


def test_what_scales_a_deployment_names_one_and_alone_sets_its_number(chart: Rendered) -> None:
    scaled = [found["spec"]["scaleTargetRef"]["name"] for found in chart.of_kind("HorizontalPodAutoscaler")]
    scaled += [found["spec"]["scaleTargetRef"]["name"] for found in chart.of_kind("ScaledObject")]
    deployments = {found["metadata"]["name"]: found["spec"] for found in chart.of_kind("Deployment")}
    assert len(scaled) == len(set(scaled))
    for name, spec in deployments.items():
        assert ("replicas" in spec) == (name not in scaled), name
    assert set(scaled) <= set(deployments)


def test_every_secret_key_config_map_and_account_that_is_used_is_made(chart: Rendered) -> None:
    made = {secret["metadata"]["name"]: set(secret["stringData"]) for secret in chart.of_kind("Secret")}
    maps = {found["metadata"]["name"] for found in chart.of_kind("ConfigMap")}
    accounts = {found["metadata"]["name"] for found in chart.of_kind("ServiceAccount")}
    brought = chart.order.values.get("global", {}).get("existingSecret")
    for pod in pods_of(chart):
        for secret, key, _optional in pod.secret_keys():
            assert secret == brought or key in made[secret], (pod.component, key)
        values = chart.order.values
        own = {values.get("gateway", {}).get("careTextsConfigMap")}
        own.add(values.get("global", {}).get("caBundle", {}).get("configMap"))
        assert pod.config_maps() <= maps | own
        assert pod.spec["serviceAccountName"] in accounts | {"daybook-app"}
    if brought:
        assert made == {}


def test_every_mounted_volume_is_there_and_every_volume_is_mounted(chart: Rendered) -> None:
    for pod in pods_of(chart):
        claims = pod.owner["spec"].get("volumeClaimTemplates", [])
        volumes = {volume["name"] for volume in pod.spec.get("volumes", [])} | {
            claim["metadata"]["name"] for claim in claims
        }
        mounts = [mount["name"] for container in pod.containers for mount in container.get("volumeMounts", [])]
        assert set(mounts) == volumes, pod.component


def test_authorities_of_ones_own_lie_over_those_of_our_images(charts: dict[str, Rendered]) -> None:
    place = re.search(r"SSL_CERT_FILE=(\S+)", (ROOT / "deploy/Dockerfile").read_text())
    assert place is not None
    for name, expected in (("everything-external", "company-authorities"), ("minimal", None)):
        for pod in pods_of(charts[name]):
            if pod.component not in OURS:
                continue
            (found,) = [v["configMap"] for v in pod.spec["volumes"] if v["name"] == "ca-bundle"] or [None]
            assert (found and found["name"]) == expected, pod.component
            for container in pod.containers if found else []:
                (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "ca-bundle"]
                assert mount["mountPath"] == place[1]
                assert [mount["subPath"]] == [item["path"] for item in found["items"]]


def test_the_pull_job_uses_the_volume_of_the_model_server(charts: dict[str, Rendered]) -> None:
    chart = charts["everything-bundled"]
    server = chart.one("StatefulSet", "ollama")
    (claim,) = server["spec"]["volumeClaimTemplates"]
    job = next(pod for pod in pods_of(chart) if pod.component == "ollama-pull")
    volume = next(volume for volume in job.spec["volumes"] if volume["name"] == "models")
    expected = f"{claim['metadata']['name']}-{server['metadata']['name']}-0"
    assert volume["persistentVolumeClaim"]["claimName"] == expected
    assert "ollama serve" in job.spec["containers"][0]["args"][0]
    assert job.spec["containers"][0]["args"][1:] == ["pull", "all-minilm", "llama3.2", "nomic-embed-text"]


def test_every_pod_of_ours_runs_where_ours_may(charts: dict[str, Rendered]) -> None:
    chart = charts["placing"]
    wanted = chart.order.values["gateway"]
    placed = {pod.component: pod.spec for pod in pods_of(chart) if pod.component in OURS | {"test"}}
    assert set(placed) == OURS | {"test"}
    for component, spec in placed.items():
        assert (spec["nodeSelector"], spec["tolerations"]) == (wanted["nodeSelector"], wanted["tolerations"]), component
        assert spec["affinity"]["nodeAffinity"] == wanted["affinity"]["nodeAffinity"], component
        # Kept away from gateways, setup would find no node in a small cluster.
        assert ("podAntiAffinity" in spec["affinity"]) == (component not in {"setup", "commands", "test"}), component


def test_what_cannot_be_changed_has_a_name_of_its_own_for_each_content(charts: dict[str, Rendered]) -> None:
    """Else an upgrade under GitOps would try to change a Job, which Kubernetes refuses."""
    names = {charts[name].one("Job", "setup")["metadata"]["name"] for name in ("minimal", "gpu", "placing")}
    assert len(names) == 3
    assert charts["minimal"].one("Job", "setup") == charts["hpa"].one("Job", "setup")


def test_pod_templates_bear_no_label_that_changes_with_the_chart(chart: Rendered) -> None:
    """A new version of the chart alone must not restart every pod."""
    for document in chart.of_kind(*TEMPLATED):
        labels = document["spec"]["template"]["metadata"]["labels"]
        assert not {"helm.sh/chart", "app.kubernetes.io/version"} & set(labels)
