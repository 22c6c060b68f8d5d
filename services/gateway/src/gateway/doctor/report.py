"""Findings as lines for people, or as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from gateway.doctor.findings import Result, State, worst

#: 0: all is well. 1: it works, and something wants a look. 2: something does not work.
EXIT_CODES: dict[State, int] = {"ok": 0, "warn": 1, "fail": 2}

_CONCLUSIONS: dict[State, str] = {
    "ok": "all is well",
    "warn": "it works, and something wants a look",
    "fail": "something does not work",
}


def as_text(results: Sequence[Result]) -> str:
    width = max(len(result.check) for result in results)
    lines: list[str] = []
    for result in results:
        for finding in result.findings:
            lines.append(f"{finding.state:<4}  {result.check:<{width}}  {finding.says}")
            if finding.remedy:
                lines.append(f"{'':<4}  {'':<{width}}  -> {finding.remedy}")
    return "\n".join([*lines, _CONCLUSIONS[worst(results)]]) + "\n"


def as_json(results: Sequence[Result]) -> str:
    findings = [{"check": result.check, **asdict(finding)} for result in results for finding in result.findings]
    return json.dumps({"state": worst(results), "findings": findings}, indent=2) + "\n"
