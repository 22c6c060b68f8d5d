"""Who may talk to whom, worked out from NetworkPolicies as a cluster's network does.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from dataclasses import dataclass

from support.chart.pods import matches, pods_of
from support.chart.rendering import Document, Rendered

DNS = 53


@dataclass(frozen=True, order=True)
class Way:
    """`source` and `target`: a component of ours, or what a peer outside of the release is called (`outside`)."""

    source: str
    target: str
    port: int


def ways(rendered: Rendered) -> set[Way]:
    """Every connection that may be opened, but for DNS. Ways between two pods of ours are open at both ends."""
    pods = {pod.component: pod.labels for pod in pods_of(rendered)}
    policies = rendered.of_kind("NetworkPolicy")
    out: set[Way] = set()
    into: set[Way] = set()
    for component, labels in pods.items():
        chosen = [policy["spec"] for policy in policies if matches(policy["spec"]["podSelector"], labels)]
        for direction in ("Egress", "Ingress"):
            # A pod that no policy chooses may do anything.
            assert any(direction in spec["policyTypes"] for spec in chosen), (component, direction)
        for spec in chosen:
            for rule in spec.get("egress", []):
                for peer, port in _open(rule, "to"):
                    out |= {Way(component, name, port) for name in _names(peer, pods)}
            for rule in spec.get("ingress", []):
                for peer, port in _open(rule, "from"):
                    into |= {Way(name, component, port) for name in _names(peer, pods)}
    inside = {way for way in out & into if way.source in pods and way.target in pods}
    across = {way for way in out if way.target not in pods} | {way for way in into if way.source not in pods}
    return {way for way in inside | across if way.port != DNS}


def resolving(rendered: Rendered) -> set[str]:
    """The components that may ask a DNS."""
    return {
        pod.component
        for pod in pods_of(rendered)
        for policy in rendered.of_kind("NetworkPolicy")
        for rule in policy["spec"].get("egress", [])
        if matches(policy["spec"]["podSelector"], pod.labels) and any(port["port"] == DNS for port in rule["ports"])
    }


def half_open(rendered: Rendered) -> set[Way]:
    """Ways between two pods of ours that one end allows and the other does not: holes that nobody needs."""
    pods = {pod.component: pod.labels for pod in pods_of(rendered)}
    out: set[Way] = set()
    into: set[Way] = set()
    for policy in rendered.of_kind("NetworkPolicy"):
        chosen = [component for component, labels in pods.items() if matches(policy["spec"]["podSelector"], labels)]
        for here in chosen:
            for rule in policy["spec"].get("egress", []):
                out |= {Way(here, name, port) for peer, port in _open(rule, "to") for name in _names(peer, pods)}
            for rule in policy["spec"].get("ingress", []):
                into |= {Way(name, here, port) for peer, port in _open(rule, "from") for name in _names(peer, pods)}
    return {way for way in out ^ into if way.source in pods and way.target in pods}


def outside(peer: Document) -> str:
    """What a peer that is not of this release is called here."""
    if "ipBlock" in peer:
        return str(peer["ipBlock"]["cidr"])
    namespace = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    labels = peer.get("podSelector", {}).get("matchLabels", {})
    return "/".join([namespace, *(f"{key}={value}" for key, value in sorted(labels.items()))])


def _open(rule: Document, key: str) -> list[tuple[Document, int]]:
    # A rule without peers means anybody, one without ports any port: neither is ever wanted.
    assert rule.get(key), rule
    assert rule.get("ports"), rule
    return [(peer, port["port"]) for peer in rule[key] for port in rule["ports"]]


def _names(peer: Document, pods: dict[str, dict[str, str]]) -> list[str]:
    if set(peer) == {"podSelector"}:
        return [component for component, labels in pods.items() if matches(peer["podSelector"], labels)]
    return [outside(peer)]
