"""Dashboards and rules name what a running stack really exposes, and a real Prometheus can evaluate them all."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from support.declared_metrics import declared
from support.enrichment import until
from support.prometheus_server import MISSING, PROGRAM, PrometheusServer
from support.promql import (
    GRAFANA,
    OPERATOR,
    TARGET,
    dashboards,
    expressions_of_panels,
    expressions_of_rules,
    faults,
    legend_labels,
    panels,
    recorded,
    rule_files,
    rules,
)
from support.watched_stack import WatchedStack

#: Whoever comes first waits for the stack.
pytestmark = pytest.mark.timeout(400)

ROOT = GRAFANA.parents[1]
#: Panels whose series are there only once something of the kind has happened; it did not in this stack.
QUIET = {
    "overview: Requests that failed",
    "gateway: Failures, by route",
    "gateway: Refused and failed",
    "pipeline: Asked for again",
    "pipeline: Given up, by reason",
    "stores: Relay failures",
    "stores: Statements that failed",
}


@pytest.fixture(scope="module")
def exposed(watched: WatchedStack) -> dict[str, set[str]]:
    """Of all services."""
    found: dict[str, set[str]] = {}
    for samples in watched.exposed().values():
        for name, labels in samples.items():
            found.setdefault(name, set()).update(labels)
    return found


def test_every_expression_names_series_and_labels_that_are_exposed(exposed: dict[str, set[str]]) -> None:
    known = exposed | recorded()
    wrong = {
        expression.where: fault
        for expression in [*expressions_of_rules(), *expressions_of_panels()]
        # A counter that never counted has no series yet, and is declared all the same.
        for fault in faults(expression.text, known | NEVER_COUNTED)
    }
    assert wrong == {}


#: Declared, and without a series in a stack where nothing of the kind happened.
NEVER_COUNTED = {
    "daybook_gateway_enrichments_reissued_total": {"kind"},
    "daybook_gateway_relay_failures_total": {"reason"},
}


def test_what_is_said_to_have_never_counted_is_declared(watched: WatchedStack) -> None:
    text = "".join(watched.expositions().values())
    families = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    assert {name.removesuffix("_total") for name in NEVER_COUNTED} <= families


def test_no_label_of_ours_is_one_that_a_scraper_attaches(exposed: dict[str, set[str]]) -> None:
    """It would be stored as `exported_...`, and every expression would miss it."""
    assert {name for name, labels in exposed.items() if labels & (TARGET | OPERATOR)} == set()


@pytest.mark.parametrize("name", dashboards())
def test_a_dashboard_is_one_that_grafana_can_load_and_people_can_read(name: str) -> None:
    dashboard = dashboards()[name]
    assert dashboard["uid"] == f"daybook-{name}"
    assert dashboard["tags"] == ["daybook"]
    assert dashboard["description"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels(dashboard):
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}", panel["title"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for target in panel["targets"]:
            summed = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"]))))
            assert legend_labels(target["legendFormat"]) <= summed | TARGET, panel["title"]


def test_every_alert_says_what_it_means_and_what_to_do() -> None:
    page = (ROOT / "docs" / "watching.md").read_text()
    sections = {heading.lower() for heading in re.findall(r"^### (\w+)$", page, re.MULTILINE)}
    for rule in rules():
        if "alert" not in rule:
            continue
        notes = rule["annotations"]
        assert notes["summary"], rule["alert"]
        assert notes["description"], rule["alert"]
        path, _, anchor = notes["runbook"].partition("#")
        assert (path, anchor) == ("docs/watching.md", rule["alert"].lower())
        assert anchor in sections, f"docs/watching.md has no section {rule['alert']}"
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason=MISSING)
def test_promtool_sees_alerts_fire_and_stay_silent() -> None:
    for path in sorted((GRAFANA / "rules").glob("*.test.yaml")):
        done = subprocess.run(
            ["promtool", "test", "rules", path.name], cwd=path.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_a_real_prometheus_evaluates_every_rule_and_every_panel(watched: WatchedStack, tmp_path: Path) -> None:
    with PrometheusServer(tmp_path, watched.targets, rule_files()) as prometheus:
        until(lambda: len(prometheus.query("up == 1")) == len(watched.targets), why=prometheus.process.log_tail)
        until(lambda: prometheus.query("count_over_time(process_start_time_seconds[1m]) >= 4"))

        def evaluated() -> list[dict[str, str]] | None:
            found = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
            return found if all(rule["health"] != "unknown" for rule in found) else None

        states = until(evaluated)
        assert {rule["name"] for rule in states} == {expression.where for expression in expressions_of_rules()}
        assert [(rule["name"], rule["lastError"]) for rule in states if rule["health"] != "ok"] == []
        # Pending too: one that is always true would fire after its minutes, which nobody waits for here.
        raised = {rule["name"] for rule in states if rule.get("state") in {"firing", "pending"}}
        assert raised <= {"DaybookModelMissing", "DaybookRestartsMany"}, "all is well in this stack"
        empty = {each.where for each in expressions_of_panels() if not prometheus.query(each.text)}
        assert empty <= QUIET


def test_the_table_of_metrics_is_what_is_exposed(watched: WatchedStack) -> None:
    """Both ways: no metric of ours without a line, no line without a metric, and the labels as they are."""
    page = (ROOT / "docs" / "watching.md").read_text()
    rows = re.findall(r"^\| `(daybook_\w+)` \|([^|]*)\|", page, re.MULTILINE)
    told = {name: {label.strip() for label in labels.split(",") if label.strip()} for name, labels in rows}
    families: dict[str, set[str]] = {}
    for text in watched.expositions().values():
        for family in text_string_to_metric_families(text):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            if name.startswith("daybook_"):
                labels = {label for sample in family.samples for label in sample.labels} - {"le"}
                families[name] = families.get(name, set()) | labels
    # A pool exposes a counter once it has counted.
    known = families | declared()
    assert set(told) == set(known)
    assert {name: labels for name, labels in told.items() if labels != known[name]} == {}
