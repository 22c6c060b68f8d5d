"""Daybook's chart as Helm's own library renders it, without a cluster.

In a process of its own: the library brings a Go runtime with threads, and other tests fork.
"""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
CHART = ROOT / "deploy/helm/daybook"
NAMESPACE = "diaries"
SUBCHARTS = ("nats", "postgresql", "qdrant", "ollama")
#: The chart's own examples: each is linted, rendered and checked.
VALUE_SETS = {path.stem: yaml.safe_load(path.read_text()) or {} for path in sorted(CHART.glob("ci/*.yaml"))}

Document = dict[str, Any]


@dataclass(frozen=True)
class Order:
    values: Document = field(default_factory=dict)
    #: `--set` and `--set-string` with what follows each: over the values, as Helm reads them.
    flags: tuple[tuple[str, str], ...] = ()
    release: str = "diary"
    is_upgrade: bool = False
    #: What the chart finds in its Secret.
    secret: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rendered:
    """What Helm made of an order: manifests, or why it refused."""

    order: Order
    #: Text by template.
    files: dict[str, str]
    error: str
    #: What `helm lint --strict` finds, but for advice.
    lint: tuple[str, ...]

    @cached_property
    def documents(self) -> list[Document]:
        texts = [text for name, text in self.files.items() if name.endswith(".yaml")]
        # The loader in C: a tenth of the time.
        return [document for text in texts for document in yaml.load_all(text, yaml.CSafeLoader) if document]

    @property
    def notes(self) -> str:
        return next(text for name, text in self.files.items() if name.endswith("/NOTES.txt"))

    def of_kind(self, *kinds: str) -> list[Document]:
        return [document for document in self.documents if document["kind"] in kinds]

    def one(self, kind: str, component: str) -> Document:
        """The only object of a kind whose labels name the component."""
        (found,) = [
            document
            for document in self.of_kind(kind)
            if document["metadata"]["labels"]["app.kubernetes.io/component"] == component
        ]
        return found


def render(orders: dict[str, Order]) -> dict[str, Rendered]:
    """All at once: the library takes longer to load than to render."""
    asked = json.dumps({name: asdict(order) for name, order in orders.items()})
    answer = subprocess.run(
        [sys.executable, __file__], input=asked, capture_output=True, text=True, check=True, timeout=100
    )
    found = json.loads(answer.stdout)
    return {
        name: Rendered(order, found[name]["files"], found[name]["error"], tuple(found[name]["lint"]))
        for name, order in orders.items()
    }


def _main() -> None:
    import helm_python

    parse = {"--set": helm_python.parse_set_string, "--set-string": helm_python.parse_set_string_values}
    advice = 1  # Severities: 1 advice, 2 warning, 3 error.
    answers = {}
    for name, order in json.load(sys.stdin).items():
        values, files, error, lint = order["values"], {}, "", []
        for flag, text in order["flags"]:
            values = _over(values, parse[flag](text))
        with tempfile.TemporaryDirectory() as folder:
            path = _beside(order["secret"], Path(folder)) if order["secret"] else CHART
            try:
                # Loaded anew each time: a rendering that leaves a subchart out takes it away from the chart for good.
                with helm_python.Chart.load(path) as chart:
                    files = chart.render(
                        values,
                        name=order["release"],
                        namespace=NAMESPACE,
                        is_install=not order["is_upgrade"],
                        is_upgrade=order["is_upgrade"],
                    )
                report = helm_python.lint(path, values, strict=True, namespace=NAMESPACE, kube_version="v1.33.0")
                lint = [finding["error"] for finding in report["messages"] if finding["severity"] > advice]
            except helm_python.HelmError as refused:
                error = str(refused)
        answers[name] = {"files": files, "error": error, "lint": lint}
    json.dump(answers, sys.stdout)


def _beside(secret: dict[str, str], folder: Path) -> Path:
    """A copy of the chart in which the Secret stands: the library asks no cluster."""
    copied = shutil.copytree(CHART, folder / CHART.name)
    template = copied / "templates/secrets.yaml"
    before, lookup, after = template.read_text().partition('(lookup "v1" "Secret" .Release.Namespace $name).data')
    assert lookup
    data = [f'"{key}" "{base64.b64encode(value.encode()).decode()}"' for key, value in secret.items()]
    template.write_text(f"{before}(dict {' '.join(data)}){after}")
    return copied


def _over(values: Document, more: Document) -> Document:
    nested = {name: _over(values.get(name, {}), part) for name, part in more.items() if isinstance(part, dict)}
    return values | more | nested


if __name__ == "__main__":
    _main()
