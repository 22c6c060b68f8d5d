"""Expressions of Prometheus taken apart: which series they name, and by which labels they choose and sum."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
#: Added by Prometheus when it scrapes.
TARGET = frozenset({"job", "instance"})
#: Added by Prometheus Operator, beside those, to all that it scrapes by a ServiceMonitor or a PodMonitor.
#: Source: https://prometheus-operator.dev/docs/developer/troubleshooting/
OPERATOR = frozenset({"namespace", "service", "pod", "container", "endpoint", "node"})
#: Every process of ours has it.
BUILD = "daybook_build_info"


@dataclass(frozen=True)
class Expression:
    """Of a panel or a rule; `where` is for people."""

    where: str
    text: str


def rule_files() -> list[Path]:
    return [path for path in sorted((GRAFANA / "rules").glob("*.yaml")) if not path.name.endswith(".test.yaml")]


def rules() -> list[dict[str, Any]]:
    return [
        rule for path in rule_files() for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
    ]


def seen_to_fire() -> set[str]:
    """Alerts that promtool's tests of the rules expect."""
    found: set[str] = set()
    for path in sorted((GRAFANA / "rules").glob("*.test.yaml")):
        for test in yaml.safe_load(path.read_text())["tests"]:
            found |= {case["alertname"] for case in test.get("alert_rule_test", ()) if case["exp_alerts"]}
            samples = [sample for case in test.get("promql_expr_test", ()) for sample in case["exp_samples"]]
            found |= {name for sample in samples for name in re.findall(r'alertname="(\w+)"', sample["labels"])}
    return found


def dashboards() -> dict[str, dict[str, Any]]:
    """By the file's name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows left out."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions_of_rules() -> list[Expression]:
    return [Expression(str(rule.get("alert") or rule["record"]), rule["expr"]) for rule in rules()]


def expressions_of_panels() -> list[Expression]:
    """Grafana's own interval is put in as a minute."""
    return [
        Expression(f"{name}: {panel['title']}", target["expr"].replace("$__rate_interval", "1m"))
        for name, dashboard in dashboards().items()
        for panel in panels(dashboard)
        for target in panel["targets"]
    ]


def recorded() -> dict[str, set[str]]:
    """Series of recording rules, with the labels that they are summed by."""
    return {
        rule["record"]: {label for part in walk(promql.parse(rule["expr"])) for label in _by(part)} - {"le"}
        for rule in rules()
        if "record" in rule
    }


def faults(expression: str, exposed: dict[str, set[str]]) -> list[str]:
    """What it names that nobody exposes. `exposed`: series -> labels.

    Raises:
        ValueError: it is no PromQL.
    """
    found: list[str] = []
    tree = promql.parse(expression)
    for part in walk(tree):
        match part:
            case promql.VectorSelector():
                labels = exposed.get(part.name)
                if labels is None:
                    found.append(f"nothing exposes {part.name}")
                    continue
                chosen = {matcher.name for matcher in part.matchers.matchers}
                found += [f"{part.name} has no label {label}" for label in chosen - labels - TARGET]
            case promql.AggregateExpr():
                below = [each for each in walk(part.expr) if isinstance(each, promql.VectorSelector)]
                known = {label for each in below for label in exposed.get(each.name, set())} | TARGET
                found += [f"{part.expr} has no label {label}" for label in _by(part) - known]
            case _:
                pass
    if not any(isinstance(part, promql.VectorSelector) for part in walk(tree)):
        found.append("it names no series")
    return found


def used_labels(expression: str) -> set[str]:
    """By which it chooses, sums or joins."""
    found: set[str] = set()
    for part in walk(promql.parse(expression)):
        match part:
            case promql.VectorSelector():
                found |= {matcher.name for matcher in part.matchers.matchers}
            case promql.AggregateExpr():
                found |= _by(part)
            case promql.BinaryExpr() if part.modifier is not None and part.modifier.matching is not None:
                found |= {*part.modifier.matching.labels, *(part.modifier.group_labels or ())}
            case _:
                pass
    return found


def of_any_program(expression: str) -> set[str]:
    """Series that every program may have, where it does not look whether they are of ours."""
    tree = promql.parse(expression)
    ours = [part.lhs for part in walk(tree) if isinstance(part, promql.BinaryExpr) and _keeps_ours(part)]
    kept = [name for part in ours for name in _names(part)]
    found = [name for name in _names(tree) if name.startswith(("process_", "python_"))]
    return {name for name in found if found.count(name) > kept.count(name)}


def asked_elsewhere(expression: str, namespace: str) -> list[str]:
    """Series that are not asked for in the namespace alone."""

    def is_here(matcher: Any) -> bool:
        return (matcher.name, matcher.op, matcher.value) == ("namespace", promql.MatchOp.Equal, namespace)

    series = [part for part in walk(promql.parse(expression)) if isinstance(part, promql.VectorSelector)]
    return [each.name for each in series if not any(is_here(matcher) for matcher in each.matchers.matchers)]


def told_apart_by(tree: Any, known: dict[str, set[str]]) -> set[str]:
    """The labels that the series of its answer have. `known`: series -> labels, of those that nothing sums.

    Raises:
        KeyError: a series that nothing sums, and that is not known.
    """
    match tree:
        case promql.VectorSelector():
            return known[tree.name]
        case promql.AggregateExpr():
            return _by(tree)
        case promql.Call() if tree.func.name == "absent":
            (missing,) = tree.args
            return {matcher.name for matcher in missing.matchers.matchers if matcher.op == promql.MatchOp.Equal}
        case promql.BinaryExpr() if str(tree.op) in {"and", "unless"}:
            return told_apart_by(tree.lhs, known)
        case _:
            return {label for part in _below(tree) for label in told_apart_by(part, known)}


def legend_labels(legend: str) -> set[str]:
    return set(re.findall(r"{{\s*(\w+)\s*}}", legend))


def walk(expression: Any) -> Iterator[Any]:
    yield expression
    for part in _below(expression):
        yield from walk(part)


def _below(expression: Any) -> list[Any]:
    match expression:
        case promql.BinaryExpr():
            return [expression.lhs, expression.rhs]
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return [expression.expr]
        case promql.Call():
            return list(expression.args)
        case promql.MatrixSelector():
            return [expression.vector_selector]
        case _:
            return []


def _names(expression: Any) -> list[str]:
    return [part.name for part in walk(expression) if isinstance(part, promql.VectorSelector)]


def _keeps_ours(part: Any) -> bool:
    return str(part.op) == "and" and set(part.modifier.matching.labels) == TARGET and _names(part.rhs) == [BUILD]


def _by(part: Any) -> set[str]:
    is_sum = isinstance(part, promql.AggregateExpr) and part.modifier is not None
    return set(part.modifier.labels) if is_sum else set()
