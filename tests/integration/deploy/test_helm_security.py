"""The restricted Pod Security Standard, and what else a pod that reads diaries should not have.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

import re

import pytest

from support.chart.pods import PodSpec, pods_of
from support.chart.rendering import VALUE_SETS, Rendered

#: The volumes that the restricted standard leaves.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
#: Listens on nothing.
UNPROBED = {"setup", "commands", "ollama-pull", "test"}


@pytest.fixture(params=[*VALUE_SETS, "upgrade"])
def pods(request: pytest.FixtureRequest, charts: dict[str, Rendered]) -> list[PodSpec]:
    found = pods_of(charts[request.param])
    assert len(found) >= 5
    return found


def test_every_pod_keeps_the_restricted_standard(pods: list[PodSpec]) -> None:
    for pod in pods:
        context = pod.spec["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["runAsGroup"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        for forbidden in ("hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"):
            assert forbidden not in pod.spec
        for volume in pod.spec.get("volumes", []):
            assert set(volume) - {"name"} <= VOLUMES
        for container in pod.containers:
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert not {"privileged", "procMount", "runAsUser", "runAsNonRoot", "seccompProfile"} & set(own)
            assert [port for port in container.get("ports", []) if "hostPort" in port] == []


def test_no_pod_has_a_token_a_writable_root_or_the_addresses_of_services(pods: list[PodSpec]) -> None:
    for pod in pods:
        assert pod.spec["automountServiceAccountToken"] is False
        assert pod.spec["enableServiceLinks"] is False
        assert all(container["securityContext"]["readOnlyRootFilesystem"] is True for container in pod.containers)


def test_every_container_says_what_it_needs_and_is_held_to_its_memory(pods: list[PodSpec]) -> None:
    for pod in pods:
        for container in pod.containers:
            resources = container["resources"]
            assert set(resources["requests"]) == {"cpu", "memory"}, pod.component
            assert "memory" in resources["limits"]
        for volume in pod.spec.get("volumes", []):
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""}), volume["name"]


def test_every_image_has_a_version(pods: list[PodSpec]) -> None:
    for pod in pods:
        for container in pod.containers:
            tag = container["image"].partition("@")[0]
            assert re.search(r":[^/:]+$", tag), container["image"]
            assert not tag.endswith(":latest")


def test_what_listens_is_probed_and_liveness_asks_no_other_server(pods: list[PodSpec]) -> None:
    for pod in pods:
        if pod.component in UNPROBED:
            continue
        (container,) = pod.spec["containers"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container), pod.component
        liveness = container["livenessProbe"]
        if "httpGet" in liveness:
            path = liveness["httpGet"]["path"]
            assert path in {"/healthz", "/livez", "/api/version", "/healthz?js-enabled-only=true"}
        else:
            assert set(liveness) & {"tcpSocket"}


def test_nothing_secret_stands_in_an_environment(pods: list[PodSpec]) -> None:
    for pod in pods:
        assert [v for container in pod.containers for v in container.get("env", []) if "valueFrom" in v] == []
        for container in pod.containers:
            for value in pod.environment(container).values():
                assert not re.search(r"://[^/]*@", value), pod.component


def test_each_pod_reads_its_own_secrets_alone(charts: dict[str, Rendered]) -> None:
    read = {pod.component: {key for _, key, _ in pod.secret_keys()} for pod in pods_of(charts["minimal"])}
    gateway = {"gateway_database_url", "gateway_nats_url", "lexicon_key", "qdrant_api_key"}
    assert read == {
        "gateway": gateway,
        "commands": gateway,
        "enrichment-worker": {
            "enrichment_nats_url",
            "enrichment_gateway_key",
            "lexicon_key",
            "qdrant_api_key",
        },
        "insights-worker": {"insights_nats_url", "insights_gateway_key", "qdrant_api_key"},
        "insights-beat": {"insights_nats_url", "insights_gateway_key", "qdrant_api_key"},
        "setup": {
            "gateway_database_url",
            "gateway_nats_url",
            "admin_key",
            "enrichment_gateway_key",
            "insights_gateway_key",
        },
        "nats": {"nats_passwords"},
        "postgresql": {"postgres_password"},
        "qdrant": {"qdrant_config"},
        "ollama": set(),
        "test": set(),
    }


@pytest.mark.parametrize("name", ["minimal", "one-replica"])
def test_a_worker_that_stops_may_finish_its_longest_task(charts: dict[str, Rendered], name: str) -> None:
    hard_limit_after_s = 30
    for pod in pods_of(charts[name]):
        if pod.component in {"enrichment-worker", "insights-worker"}:
            environment = pod.environment(pod.spec["containers"][0])
            prefix = pod.component.partition("-")[0].upper()
            deadline_s = int(environment[f"{prefix}_DEADLINE_S"])
            assert pod.spec["terminationGracePeriodSeconds"] > deadline_s + hard_limit_after_s
        if pod.component == "gateway":
            environment = pod.environment(pod.spec["containers"][0])
            drain_s, grace_s = int(environment["GATEWAY_DRAIN_S"]), int(environment["GATEWAY_SHUTDOWN_GRACE_S"])
            flush_s = 5
            assert pod.spec["terminationGracePeriodSeconds"] > drain_s + grace_s + flush_s
