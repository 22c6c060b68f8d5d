"""docs/operations.md names what there is: commands, alerts, settings and make targets."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from enrichment_worker.settings import Settings as EnrichmentSettings
from gateway.commands import parser
from gateway.settings import Settings as GatewaySettings
from insights_worker.settings import Settings as InsightsSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
SETTINGS = {"GATEWAY_": GatewaySettings, "ENRICHMENT_": EnrichmentSettings, "INSIGHTS_": InsightsSettings}
#: In the middle of a sentence of shell, a name in capitals stands for something of the reader's.
COMMANDS = re.findall(r'(?:python -m |`|FLAGS=")gateway ([a-z](?:"\$\w+"|[^`"\n<>])*)', PAGE)


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_a_command_of_the_gateway_is_one(command: str) -> None:
    words = shlex.split(command)
    parser().parse_args(words)


def test_there_are_commands_to_check() -> None:
    assert {command.split()[0] for command in COMMANDS} >= {"doctor", "keys", "reindex", "prune", "erase-again"}
    assert 'switch-index --model "$NEW_MODEL"' in COMMANDS


def test_every_alert_that_it_names_is_one_and_those_of_a_missing_server_are_named() -> None:
    rules = [
        yaml.safe_load(file.read_text())
        for file in (ROOT / "deploy/grafana/rules").glob("*.yaml")
        if ".test." not in file.name
    ]
    alerts = {rule["alert"] for file in rules for group in file["groups"] for rule in group["rules"] if "alert" in rule}
    named = set(re.findall(r"\[(Daybook\w+)\]\(watching\.md#(\w+)\)", PAGE))
    assert named
    assert {name for name, _ in named} <= alerts
    assert {anchor for name, anchor in named if anchor != name.lower()} == set()
    assert {"DaybookDatabaseAway", "DaybookDependencyAway", "DaybookWorkerAbsent", "DaybookGatewayAbsent"} <= {
        name for name, _ in named
    }


def test_every_setting_that_it_names_is_one() -> None:
    named = set(re.findall(r"\b(GATEWAY|ENRICHMENT|INSIGHTS)(_[A-Z_]+)", PAGE))
    assert named
    for prefix, rest in named:
        name = f"{prefix}{rest}".removeprefix(f"{prefix}_").lower()
        assert name in SETTINGS[f"{prefix}_"].model_fields, name


def test_every_make_target_that_it_names_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make (?:-s )?([a-z-]+)", PAGE))
    assert named
    assert named <= targets


def test_every_place_of_the_page_that_it_leads_to_is_there() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings
