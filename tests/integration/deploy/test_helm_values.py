"""The chart's values: README, schema and defaults say the same; wrong ones are refused in words that help."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.chart.rendering import CHART, ROOT, SUBCHARTS, Order, Rendered, render
from support.chart.value_tables import at, lines_of, readme_with_tables, values_files

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt key": ({"gateway": {"replica": 2}}, "'/gateway': additional properties 'replica' not allowed"),
    "a misspelt key of a bundled server": ({"ollama": {"gpu": {"cont": 1}}}, "properties 'cont' not allowed"),
    "a setting that there is not": ({"gateway": {"settings": {"care_local": "de"}}}, "'care_locale'"),
    "a setting that the chart makes itself": (
        {"enrichmentWorker": {"settings": {"concurrency": 4}}},
        "invalid propertyName 'concurrency'",
    ),
    "a word for a number": ({"gateway": {"replicas": "two"}}, "'/gateway/replicas': got string, want integer"),
    "all the world as a peer": (
        {"external": {"nats": {"peers": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}}},
        "'/external/nats/peers/0/ipBlock/cidr'",
    ),
    "anybody as a peer": ({"networkPolicy": {"gatewayClients": [{}]}}, "minProperties"),
    "an unknown method": ({"models": {"moodMethod": "guess"}}, "'llm', 'prototypes'"),
    "a secret in the values": ({"postgresql": {"password": "x"}}, "additional properties 'password' not allowed"),
    "a volume without a unit": ({"qdrant": {"persistence": {"size": "20"}}}, "/persistence/size"),
    "a NATS of one's own without its Secret": (
        {"nats": {"enabled": False}},
        "must stand in a Secret that global.existingSecret names",
    ),
    "a Qdrant of one's own without its address": (
        {"qdrant": {"enabled": False}},
        "say in external.qdrant.url where your own is",
    ),
    "an Ollama of one's own that nothing may reach": (
        {"ollama": {"enabled": False}, "external": {"ollama": {"url": "http://ollama:11434"}}},
        "external.ollama.peers: name the addresses or pods",
    ),
    "a collector that nothing may reach": ({"tracing": {"endpoint": "http://otel:4318"}}, "tracing.peers"),
    "more pods at least than at most": (
        {"gateway": {"autoscaling": {"minReplicas": 9}}},
        "gateway.autoscaling: minReplicas is above maxReplicas",
    ),
    "a worker that comes only when something waits": (
        {"insightsWorker": {"autoscaling": {"minReplicas": 0}}},
        "'/insightsWorker/autoscaling/minReplicas': minimum: got 0, want 1",
    ),
    "an Ingress without a host": ({"ingress": {"enabled": True}}, "ingress.host"),
    "lag of a NATS whose monitoring is not known": (
        {
            "global": {"existingSecret": "daybook"},
            "nats": {"enabled": False},
            "external": {"nats": {"peers": [{"ipBlock": {"cidr": "10.1.2.3/32"}}]}},
            "insightsWorker": {"autoscaling": {"enabled": True}},
        },
        "external.nats.monitoringEndpoint",
    ),
}


@pytest.fixture(scope="module")
def refused() -> dict[str, Rendered]:
    orders = {name: Order(values) for name, (values, _) in WRONG.items()}
    for key in ("postgres_password", "nats_gateway_password"):
        orders[key] = Order(is_upgrade=True, secret={key: "p@ss/word"})
    return render(orders)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_values_are_refused_with_the_place_and_the_reason(refused: dict[str, Rendered], name: str) -> None:
    assert WRONG[name][1] in refused[name].error


def test_an_upgrade_that_does_not_see_its_secret_makes_no_new_passwords(charts: dict[str, Rendered]) -> None:
    error = charts["upgrade-without-its-secret"].error
    assert "the Secret diary-daybook-secrets is not to be seen" in error
    assert "global.existingSecret" in error


def test_an_upgrade_keeps_what_stands_in_its_secret_and_writes_urls_from_it(charts: dict[str, Rendered]) -> None:
    (secret,) = charts["upgrade-with-its-secret"].of_kind("Secret")
    found = secret["stringData"]
    password = found["postgres_password"]
    assert password == "a-Long.one_~2"
    assert found["gateway_database_url"] == f"postgresql://daybook:{password}@diary-daybook-postgresql:5432/daybook"
    assert found["client_nats_url"] == f"nats://client:{'x' * 20}@diary-daybook-nats:4222"
    assert yaml.safe_load(found["qdrant_config"]) == {"service": {"api_key": "12345678"}}


@pytest.mark.parametrize(
    ("key", "help_"),
    [
        ("postgres_password", "set it in PostgreSQL (psql's `\\password`)"),
        ("nats_gateway_password", "Take the key out of the Secret"),
    ],
)
def test_a_password_that_a_url_cannot_hold_is_refused(refused: dict[str, Rendered], key: str, help_: str) -> None:
    assert f"{key} in the Secret diary-daybook-secrets stands in a URL" in refused[key].error
    assert help_ in refused[key].error
    assert "p@ss" not in refused[key].error


def test_the_readme_has_every_value_with_its_default() -> None:
    """`UPDATE_SNAPSHOTS=1` writes the tables anew."""
    readme = CHART / "README.md"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        readme.write_text(readme_with_tables())
    assert readme.read_text() == readme_with_tables()


@pytest.mark.parametrize("file", values_files().values(), ids=lambda file: file.parent.name)
def test_schema_defaults_and_comments_name_the_same_keys(file: Path) -> None:
    schema = json.loads(file.with_name("values.schema.json").read_text())
    values = yaml.safe_load(file.read_text())
    leaves = set(_leaves(schema, schema, ())) - {("global",)}
    # A bundled server's own values stand beside it.
    assert {line.path for line in lines_of(file)} == leaves
    for path in leaves:
        at(values, path)
    of_helm = set() if file.parent == CHART else {"global"}
    for path in _closed(schema, schema, ()):
        parts = set(_node(schema, schema, path)["properties"])
        assert set(at(values, path)) == parts - (set() if path else of_helm)


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    return schema["definitions"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def _leaves(schema: dict[str, Any], node: dict[str, Any], path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Paths that have no parts of their own to set; what is written as one stays one."""
    inner = _resolved(schema, node)
    if "$ref" in node or "properties" not in inner:
        return [path]
    return [leaf for name, part in inner["properties"].items() for leaf in _leaves(schema, part, (*path, name))]


def _closed(schema: dict[str, Any], node: dict[str, Any], path: tuple[str, ...]) -> list[tuple[str, ...]]:
    inner = _resolved(schema, node)
    if "$ref" in node or "properties" not in inner:
        return []
    own = [path] if inner.get("additionalProperties") is False else []
    return own + [found for name, part in inner["properties"].items() for found in _closed(schema, part, (*path, name))]


def _node(schema: dict[str, Any], node: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for step in path:
        node = _resolved(schema, node)["properties"][step]
    return _resolved(schema, node)


def test_nothing_that_has_fixed_parts_takes_others() -> None:
    """But for the sections of bundled servers, which their own schemas close."""
    for file in values_files().values():
        schema = json.loads(file.with_name("values.schema.json").read_text())
        open_ones = _open(schema, "")
        assert open_ones <= {f"/properties/{name}" for name in SUBCHARTS}


def _open(node: Any, path: str) -> set[str]:
    if isinstance(node, list):
        return {found for part in node for found in _open(part, path)}
    if not isinstance(node, dict):
        return set()
    own = (
        {path} if isinstance(node.get("properties"), dict) and node.get("additionalProperties") is not False else set()
    )
    return own | {found for name, part in node.items() for found in _open(part, f"{path}/{name}")}


def test_the_charts_versions_are_daybooks_own() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{chart["appVersion"]}"' in project
    assert {found["name"] for found in chart["dependencies"]} == set(SUBCHARTS)
    for name in SUBCHARTS:
        own = yaml.safe_load((CHART / f"charts/{name}/Chart.yaml").read_text())
        tag = yaml.safe_load((CHART / f"charts/{name}/values.yaml").read_text())["image"]["tag"]
        assert str(own["appVersion"]) in tag


def test_the_notes_say_where_to_ask_and_with_which_key(charts: dict[str, Rendered]) -> None:
    assert "port-forward service/diary-daybook-gateway" in charts["minimal"].notes
    assert "get secret diary-daybook-secrets" in charts["minimal"].notes
    assert "https://daybook.example.org/docs" in charts["ingress"].notes
    assert "get secret daybook " in charts["everything-external"].notes
    assert "THE INGRESS HAS NO TLS" not in charts["ingress"].notes


def test_the_test_pod_asks_the_gateway_through_its_service(charts: dict[str, Rendered]) -> None:
    pod = charts["own-clients"].one("Pod", "test")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    (container,) = pod["spec"]["containers"]
    assert container["command"][3] == "http://diary-daybook-gateway:80/readyz"


def test_setup_is_a_plain_job_on_install_and_a_hook_before_an_upgrade(charts: dict[str, Rendered]) -> None:
    install = charts["everything-external"].one("Job", "setup")
    upgrade = charts["upgrade"].one("Job", "setup")
    assert "annotations" not in install["metadata"]
    assert upgrade["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    assert install["spec"] == upgrade["spec"]
    assert install["metadata"]["name"] != upgrade["metadata"]["name"]
