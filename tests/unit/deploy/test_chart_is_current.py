"""What the chart repeats of others is as theirs: `make chart-files` writes it anew, and `make check` runs this."""

import json
import os
from typing import Any

import pytest
import yaml

from enrichment_worker.settings import Settings as EnrichmentSettings
from gateway.settings import Settings as GatewaySettings
from insights_worker.settings import Settings as InsightsSettings
from support.chart.rendering import CHART, ROOT, SUBCHARTS

#: What the chart itself sets, or takes from the Secret, and what needs another broker than NATS.
#: `embedding_model` is one for all, but while it is changed (docs/operations.md).
CHARTS_OWN = {
    *("ollama_url", "qdrant_url", "chat_model", "otlp_endpoint", "mood_method"),
    *("http_host", "http_port", "drain_s", "shutdown_grace_s", "nats_replicas", "care_texts"),
    *("concurrency", "deadline_s", "metrics_host", "metrics_port", "beat_metrics_port"),
    *("database_url", "nats_url", "broker_url", "lexicon_key", "qdrant_api_key", "gateway_key", "gateway_key_file"),
}


@pytest.mark.parametrize(
    ("section", "settings"),
    [("gateway", GatewaySettings), ("enrichmentWorker", EnrichmentSettings), ("insightsWorker", InsightsSettings)],
)
def test_the_schema_knows_every_setting_that_an_operator_may_want(section: str, settings: Any) -> None:
    """`UPDATE_SNAPSHOTS=1` writes them anew: `make chart-files`."""
    file = CHART / "values.schema.json"
    schema = json.loads(file.read_text())
    names = schema["properties"][section]["properties"]["settings"]["propertyNames"]
    wanted = sorted(set(settings.model_fields) - CHARTS_OWN)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        names["enum"] = wanted
        file.write_text(json.dumps(schema, indent=2) + "\n")
    assert names["enum"] == wanted, "run `make chart-files`"


@pytest.mark.parametrize(
    ("copy", "source"),
    [("files/grafana/rules", "deploy/grafana/rules"), ("files/grafana/dashboards", "deploy/grafana/dashboards")],
)
def test_the_chart_has_the_files_of_grafana_as_they_are(copy: str, source: str) -> None:
    """Helm sees nothing outside of a chart. `make chart-files` copies them."""
    ours = {path.name: path.read_text() for path in (CHART / copy).glob("*.*")}
    theirs = {
        path.name: path.read_text() for path in (ROOT / source).glob("*.*") if ".test." not in path.name and path.suffix
    }
    assert ours == theirs, "run `make chart-files`"


@pytest.mark.parametrize(
    ("copy", "source"),
    [("charts/nats/files/nats.conf", "deploy/nats/nats.conf"), ("files/pull.sh", "deploy/ollama/pull.sh")],
)
def test_the_chart_has_what_compose_gives_to_servers_as_it_is(copy: str, source: str) -> None:
    """As above."""
    assert (CHART / copy).read_text() == (ROOT / source).read_text(), "run `make chart-files`"


def test_the_bundled_servers_are_those_of_compose() -> None:
    """The image of NATS with a shell is for compose's health check alone."""
    compose = (ROOT / "compose.yaml").read_text()
    for name in SUBCHARTS:
        image = yaml.safe_load((CHART / f"charts/{name}/values.yaml").read_text())["image"]
        assert f":-{image['repository']}:{image['tag']}" in compose
