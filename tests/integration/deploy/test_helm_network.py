"""Who may talk to whom, computed from the rendered policies as a cluster's network does, beside who should."""

import ipaddress

import pytest

from support.chart.pods import pods_of
from support.chart.rendering import VALUE_SETS, Rendered
from support.chart.ways import Way, half_open, resolving, ways

ENFORCED = [name for name in VALUE_SETS if name != "no-network-policy"]
BEAT = {Way("insights-beat", "nats", 4222)}
#: With nothing but the defaults, all bundled.
WANTED = {
    Way("gateway", "postgresql", 5432),
    Way("gateway", "nats", 4222),
    Way("gateway", "qdrant", 6333),
    Way("gateway", "ollama", 11434),
    Way("enrichment-worker", "nats", 4222),
    Way("enrichment-worker", "qdrant", 6333),
    Way("enrichment-worker", "ollama", 11434),
    Way("insights-worker", "nats", 4222),
    Way("insights-worker", "qdrant", 6333),
    Way("insights-worker", "ollama", 11434),
    *BEAT,
    Way("commands", "postgresql", 5432),
    Way("commands", "nats", 4222),
    Way("commands", "qdrant", 6333),
    Way("commands", "ollama", 11434),
    Way("setup", "postgresql", 5432),
    Way("setup", "nats", 4222),
    Way("test", "gateway", 8080),
}
PULL = {Way("ollama-pull", "0.0.0.0/0", 443)}
SCRAPE = {("gateway", 8080), ("enrichment-worker", 9101), ("insights-worker", 9102), ("insights-beat", 9103)}


def external(name: str, port: int, *sources: str) -> set[Way]:
    return {Way(source, name, port) for source in sources}


WORKERS = ("enrichment-worker", "insights-worker")
INSIDE = {way for way in WANTED if way.target == "gateway"}
#: What each value set adds or has instead.
EXPECTED: dict[str, set[Way]] = {
    "minimal": WANTED,
    "gpu": WANTED,
    "hpa": WANTED,
    "existing-secret": WANTED,
    "placing": WANTED,
    "one-replica": WANTED - BEAT,
    "ingress": WANTED | {Way("edge", "gateway", 8080)},
    "keda": WANTED | {Way("autoscaling", "nats", 8222)},
    "monitoring": WANTED | {Way("observability", target, port) for target, port in SCRAPE},
    "own-clients": WANTED
    | {Way("apps/app=notes", "gateway", 8080), Way("192.168.7.0/24", "gateway", 8080), Way("apps", "nats", 4222)},
    "keda-external-nats": {way for way in WANTED if way.target != "nats"}
    | external("10.1.2.3/32", 4222, "gateway", *WORKERS, "insights-beat", "setup", "commands"),
    "everything-bundled": WANTED
    | PULL
    | {Way("ingress-nginx", "gateway", 8080), Way("keda", "nats", 8222)}
    | {Way("monitoring", target, port) for target, port in SCRAPE}
    | external("monitoring", 4318, "gateway", *WORKERS, "insights-beat"),
    "everything-external": INSIDE
    | external("nats/app.kubernetes.io/name=nats", 4222, "gateway", *WORKERS, "insights-beat", "setup", "commands")
    | external("10.20.0.5/32", 5432, "gateway", "setup", "commands")
    | external("qdrant", 6333, "gateway", "commands", *WORKERS)
    | external("10.20.0.9/32", 8000, "gateway", "commands", *WORKERS),
    "high-availability": INSIDE
    | external("nats", 4222, "gateway", *WORKERS, "insights-beat", "setup", "commands")
    | external("10.20.0.0/28", 5432, "gateway", "setup", "commands")
    | external("qdrant", 6333, "gateway", "commands", *WORKERS)
    | external("models", 11434, "gateway", "commands", *WORKERS),
}


def test_every_value_set_with_policies_has_its_table() -> None:
    assert set(EXPECTED) == set(ENFORCED)


@pytest.mark.parametrize("name", ENFORCED)
def test_the_ways_that_are_open_are_the_wanted_ones(charts: dict[str, Rendered], name: str) -> None:
    found = ways(charts[name])
    assert found - EXPECTED[name] == set(), "open, and not wanted"
    assert EXPECTED[name] - found == set(), "wanted, and not open"


@pytest.mark.parametrize("name", ENFORCED)
def test_no_hole_leads_nowhere(charts: dict[str, Rendered], name: str) -> None:
    assert half_open(charts[name]) == set()


@pytest.mark.parametrize("name", ["minimal", "gpu", "hpa", "one-replica", "existing-secret", "placing"])
def test_nothing_leaves_the_namespace_when_all_is_bundled(charts: dict[str, Rendered], name: str) -> None:
    components = {pod.component for pod in pods_of(charts[name])}
    assert {way.target for way in ways(charts[name])} <= components


def test_what_reads_entries_never_has_a_way_to_the_outside(charts: dict[str, Rendered]) -> None:
    """While models are pulled, it is another pod that may go out; and that one reaches no pod of ours."""
    chart = charts["everything-bundled"]
    assert {way.source for way in ways(chart) if way.target == "0.0.0.0/0"} == {"ollama-pull"}
    assert {way.target for way in ways(chart) if way.source == "ollama-pull"} == {"0.0.0.0/0"}
    (policy,) = [found for found in chart.of_kind("NetworkPolicy") if found["metadata"]["name"].endswith("ollama-pull")]
    (peer,) = policy["spec"]["egress"][0]["to"]
    closed = [ipaddress.ip_network(network) for network in peer["ipBlock"]["except"]]
    for address in ("10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.9"):
        assert any(ipaddress.ip_address(address) in network for network in closed)


def test_the_pull_job_and_its_way_are_gone_unless_asked_for(charts: dict[str, Rendered]) -> None:
    assert "ollama-pull" not in {pod.component for pod in pods_of(charts["minimal"])}
    assert not [
        policy
        for policy in charts["minimal"].of_kind("NetworkPolicy")
        for rule in policy["spec"].get("egress", [])
        for peer in rule["to"]
        if "ipBlock" in peer
    ]


def test_names_are_resolved_by_the_clusters_dns_alone(charts: dict[str, Rendered]) -> None:
    resolving = [
        (policy["metadata"]["name"], peer)
        for policy in charts["minimal"].of_kind("NetworkPolicy")
        for rule in policy["spec"].get("egress", [])
        for peer in rule["to"]
        if any(port["port"] == 53 for port in rule["ports"])
    ]
    dns = {"matchLabels": {"k8s-app": "kube-dns"}}
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
    assert resolving == [("diary-daybook-dns", {"namespaceSelector": namespace, "podSelector": dns})]


@pytest.mark.parametrize("name", ENFORCED)
def test_a_server_asks_no_dns_and_what_calls_others_by_name_does(charts: dict[str, Rendered], name: str) -> None:
    """A name can carry out what a pod has read; so a pod that reads entries and calls nobody asks for none."""
    calling = {way.source for way in ways(charts[name])} & {pod.component for pod in pods_of(charts[name])}
    assert resolving(charts[name]) == calling
    assert not calling & {"nats", "postgresql", "qdrant", "ollama"}


def test_without_policies_there_are_none_and_the_notes_say_so(charts: dict[str, Rendered]) -> None:
    assert charts["no-network-policy"].of_kind("NetworkPolicy") == []
    assert "NO NETWORK POLICIES" in charts["no-network-policy"].notes
