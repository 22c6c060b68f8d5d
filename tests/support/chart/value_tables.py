"""The chart's values as README.md shows them: the comment above a key in values.yaml is its line in a table."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from support.chart.rendering import CHART, SUBCHARTS, Document

_KEY = re.compile(r"( *)([A-Za-z][A-Za-z0-9]*):(?: |$)")
_BEGIN, _END = "<!-- values: written from values.yaml by the tests -->", "<!-- end of values -->"


@dataclass(frozen=True)
class Line:
    path: tuple[str, ...]
    meaning: str


def values_files() -> dict[str, Path]:
    """By what stands before their keys: "" and `nats.` and so on."""
    return {"": CHART / "values.yaml"} | {f"{name}.": CHART / f"charts/{name}/values.yaml" for name in SUBCHARTS}


def lines_of(file: Path) -> list[Line]:
    """Every key with a comment of its own, but for those whose parts have some."""
    found: list[Line] = []
    path: list[str] = []
    comment: list[str] = []
    for text in file.read_text().splitlines():
        if text.lstrip().startswith("#"):
            comment.append(text.lstrip("# "))
        elif (key := _KEY.match(text)) is not None:
            depth = len(key[1]) // 2
            path[depth:] = [key[2]]
            if comment:
                found.append(Line(tuple(path), " ".join(comment)))
            comment = []
        else:
            comment = []
    sections = {line.path[:depth] for line in found for depth in range(1, len(line.path))}
    return [line for line in found if line.path not in sections]


def at(document: Document, path: tuple[str, ...]) -> object:
    found: object = document
    for step in path:
        assert isinstance(found, dict)
        found = found[step]
    return found


def readme_with_tables() -> str:
    readme = (CHART / "README.md").read_text()
    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    tables = "\n\n".join(_table(prefix, file) for prefix, file in values_files().items())
    return f"{before}{_BEGIN}\n\n{tables}\n\n{_END}{after}"


def _table(prefix: str, file: Path) -> str:
    values = yaml.safe_load(file.read_text())
    rows = [
        f"| `{prefix}{'.'.join(line.path)}` | {_shown(at(values, line.path))} | {line.meaning} |"
        for line in lines_of(file)
        # Said by the chart itself.
        if not (prefix and line.path == ("enabled",))
    ]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def _shown(default: object) -> str:
    if default == "":
        return ""
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default)}`"
