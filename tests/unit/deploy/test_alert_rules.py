"""Rules and panels as far as they can be judged without a Prometheus."""

import re

import promql_parser as promql
import pytest

from insights_worker.settings import Settings as InsightsSettings
from support.promql import (
    OPERATOR,
    expressions_of_panels,
    expressions_of_rules,
    of_any_program,
    recorded,
    rules,
    seen_to_fire,
    told_apart_by,
    used_labels,
)

ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alerts_own_labels_are_none_that_tell_its_series_apart(name: str) -> None:
    """They are written over those: of two series that are then alike Prometheus makes an error, and no alert."""
    alert = ALERTS[name]
    assert told_apart_by(promql.parse(alert["expr"]), recorded()) & set(alert["labels"]) == set()


def test_every_alert_has_a_case_in_which_it_fires() -> None:
    """That it does, promtool says where it is installed (tests/integration/watching)."""
    assert seen_to_fire() == set(ALERTS)


def test_the_slowest_clock_that_may_be_set_is_not_taken_for_silent() -> None:
    (silent_s,) = re.findall(r"> (\d+)$", ALERTS["DaybookClockSilent"]["expr"])
    slowest_s = InsightsSettings.model_json_schema()["properties"]["report_schedule_every_s"]["maximum"]
    assert slowest_s < float(silent_s)


def test_labels_that_tell_series_apart_are_found_in_each_kind_of_expression() -> None:
    known = {"a:recorded": {"queue"}}
    for text, labels in {
        'absent(up{service="a"}) or absent(up{job="b", mode!="c"})': {"service", "job"},
        "sum by (task) (rate(up[5m])) > 0.5 * sum by (task) (rate(up[5m]))": {"task"},
        "a:recorded > 900 and on (queue) max by (queue, state) (up) > 1": {"queue"},
        "histogram_quantile(0.9, sum by (route, le) (rate(up[5m])))": {"route", "le"},
        "time() - max(up) > 1200": set(),
    }.items():
        assert told_apart_by(promql.parse(text), known) == labels, text


def test_no_program_but_ours_raises_an_alert_or_is_shown() -> None:
    asked = {each.where: of_any_program(each.text) for each in [*expressions_of_rules(), *expressions_of_panels()]}
    assert {where: names for where, names in asked.items() if names} == {}


def test_no_expression_needs_a_label_that_prometheus_operator_writes_over() -> None:
    """It would find its own there, and ours as `exported_...`."""
    wrong = {
        each.where for each in [*expressions_of_rules(), *expressions_of_panels()] if used_labels(each.text) & OPERATOR
    }
    assert wrong == set()
