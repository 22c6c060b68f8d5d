"""What a migration may do while gateways of the version before serve over the same tables: add, and no more."""

import re

import pytest

from gateway.db.migrations import Migration, migrations

#: What the version before would trip over. Taking away waits for a version that no longer uses it.
TAKES_AWAY = re.compile(
    r"\bDROP\s+(TABLE|COLUMN|VIEW|TYPE)\b|\bRENAME\b|\bSET\s+NOT\s+NULL\b|\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b"
    r"|\bADD\s+COLUMN\b(?![^;,]*\bDEFAULT\b)[^;,]*\bNOT\s+NULL\b",
    re.IGNORECASE,
)
#: The first line of one that does take away: which version has stopped to use it.
CONTRACTS = re.compile(r"^-- contract: unused since \d+\.\d+\.\d+")


def breaks(migration: Migration) -> str | None:
    if CONTRACTS.match(migration.sql):
        return None
    found = TAKES_AWAY.search(re.sub(r"--[^\n]*", "", migration.sql))
    return found[0] if found else None


@pytest.mark.parametrize("migration", migrations(), ids=lambda migration: migration.name)
def test_the_version_before_can_serve_over_it(migration: Migration) -> None:
    assert breaks(migration) is None


@pytest.mark.parametrize(
    ("sql", "breaking"),
    [
        ("ALTER TABLE entries ADD COLUMN colour text;", False),
        ("ALTER TABLE entries ADD COLUMN colour text NOT NULL DEFAULT 'red';", False),
        ("ALTER TABLE entries ALTER COLUMN body SET STATISTICS 0; -- DROP TABLE entries", False),
        ("ALTER TABLE entries ADD COLUMN colour text NOT NULL;", True),
        ("ALTER TABLE entries RENAME COLUMN body TO words;", True),
        ("ALTER TABLE entries DROP COLUMN body;", True),
        ("ALTER TABLE entries ALTER COLUMN revision TYPE bigint;", True),
        ("ALTER TABLE entries ALTER COLUMN tags SET NOT NULL;", True),
        ("-- contract: unused since 0.3.0\nALTER TABLE entries DROP COLUMN colour;", False),
    ],
)
def test_what_takes_away_is_told_from_what_adds(sql: str, breaking: bool) -> None:
    assert (breaks(Migration(99, "0099_x", sql)) is not None) == breaking
