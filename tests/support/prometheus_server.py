"""A real Prometheus (Debian's package of that name) that scrapes what a test names, every second."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import yaml

from devstack.ports import free_port
from devstack.process import ServerProcess

MISSING = "prometheus (Debian's package of that name) is not installed"
PROGRAM = shutil.which("prometheus")


class PrometheusServer:
    """`targets`: job -> address of its metrics. Rules are evaluated every second, whatever their files say."""

    def __init__(self, directory: Path, targets: Mapping[str, str], rule_files: Iterable[Path]) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        rules = directory / "rules"
        rules.mkdir()
        for path in rule_files:
            content = yaml.safe_load(path.read_text())
            for group in content["groups"]:
                group["interval"] = "1s"
            (rules / path.name).write_text(yaml.safe_dump(content))
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules / "*.yaml")],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [urlsplit(url).netloc]}]}
                for job, url in targets.items()
            ],
        }
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.process = ServerProcess(
            "prometheus",
            [
                PROGRAM or "prometheus",
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address={urlsplit(self.url).netloc}",
                "--enable-feature=exemplar-storage",
            ],
            log=directory / "prometheus.log",
        )

    def get(self, path: str, **params: str) -> Any:
        """The `data` of an answer; the server's error as a failure."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=params, trust_env=False, timeout=20)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        return self.get("query", query=expression)["result"]

    def __enter__(self) -> Self:
        self.process.start()
        self.process.wait_until(self._is_ready, within_s=60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", trust_env=False, timeout=5).is_success
        except httpx.TransportError:
            return False
