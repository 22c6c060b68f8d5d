"""A whole Daybook to be watched: gateway, both workers and the clock, after something of all has happened."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from devstack.nats import NatsServer
from devstack.postgres import PostgresServer
from devstack.qdrant.server import QdrantServer
from support.enrichment import USER, Daybook, Worker, until
from support.otlp_receiver import OtlpReceiver
from support.scripted_ollama import MODEL, ScriptedOllama, fault

OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
#: A word of the diary, to be found nowhere else.
WORD = "marzipan"


@dataclass
class WatchedStack:
    daybook: Daybook
    enrichment: Worker
    insights: Worker
    beat: Worker
    receiver: OtlpReceiver
    ollama: ScriptedOllama
    journal: str
    entries: list[str]
    #: The folder for counts that both workers were given.
    counts: Path

    @property
    def targets(self) -> Mapping[str, str]:
        """Where the metrics of each service are."""
        workers = {"enrichment-worker": self.enrichment, "insights-worker": self.insights, "insights-beat": self.beat}
        return {
            "gateway": f"{self.daybook.http.base_url}/metrics".replace("//metrics", "/metrics"),
            **{name: f"http://127.0.0.1:{worker.port}/metrics" for name, worker in workers.items()},
        }

    def exposed(self) -> dict[str, dict[str, set[str]]]:
        """Service -> sample -> its labels, as they are exposed now."""
        return {
            service: {name: set(labels) for name, labels in samples_of(text)}
            for service, text in self.expositions().items()
        }

    def gateway_log(self) -> str:
        return self.daybook.gateway_log()

    def expositions(self) -> dict[str, str]:
        return {service: scrape(url) for service, url in self.targets.items()}


def scrape(url: str) -> str:
    answer = httpx.get(url, headers=OPEN_METRICS, trust_env=False, timeout=20)
    assert answer.is_success, answer.text
    assert answer.headers["content-type"].startswith("application/openmetrics-text"), url
    return answer.text


def samples_of(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Name and labels of each sample; the text is parsed strictly."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels


def samples(url: str, name: str, **labels: str) -> list[Any]:
    return [
        sample
        for family in text_string_to_metric_families(scrape(url))
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


def value(stack: WatchedStack, service: str, name: str, **labels: str) -> float:
    return sum(sample.value for sample in samples(stack.targets[service], name, **labels))


@contextmanager
def watched_stack(directory: Path, postgres: PostgresServer) -> Iterator[WatchedStack]:
    with (
        OtlpReceiver() as receiver,
        ScriptedOllama() as ollama,
        NatsServer(directory / "nats", users=(USER,)) as nats_server,
        QdrantServer(directory / "qdrant") as qdrant,
        Daybook(directory, nats_server, postgres, qdrant).serving(
            ollama.url, GATEWAY_OTLP_ENDPOINT=receiver.url, GATEWAY_CHAT_MODEL=MODEL
        ) as daybook,
    ):
        counts = directory / "counts"
        counts.mkdir()
        shared = {"PROMETHEUS_MULTIPROC_DIR": str(counts)}
        # Side by side: each takes seconds to start.
        enrichment = daybook.worker(ready=False, ENRICHMENT_OTLP_ENDPOINT=receiver.url, **shared)
        insights = daybook.insights_worker(ready=False, INSIGHTS_OTLP_ENDPOINT=receiver.url, **shared)
        beat = daybook.insights_beat(ready=False, INSIGHTS_REPORT_SCHEDULE_EVERY_S="1")
        for process in (enrichment, insights, beat):
            until(lambda process=process: process.probe("/readyz") == 200, why=process.log)
        stack = WatchedStack(daybook, enrichment, insights, beat, receiver, ollama, daybook.new_journal(), [], counts)
        _live_a_day(stack)
        yield stack


def _live_a_day(stack: WatchedStack) -> None:
    """Entries, one of them with trouble and one in vain; a search, a question, a reflection, and a report."""
    daybook, journal, ollama = stack.daybook, stack.journal, stack.ollama
    for number in range(3):
        stack.entries.append(daybook.post(journal, f"The {WORD} heron of evening {number} stood in the rain."))
        daybook.settled(journal, stack.entries[-1])
    ollama.script("/api/chat", fault(500, "not now"))
    stack.entries.append(daybook.post(journal, f"Of trouble with {WORD}."))
    daybook.settled(journal, stack.entries[-1])
    ollama.script("/api/chat", fault(404, f'model "{MODEL}" not found, try pulling it first'))
    stack.entries.append(daybook.post(journal, f"In vain: {WORD}."))
    daybook.settled(journal, stack.entries[-1])
    daybook.search(journal, f"where is the {WORD}")
    asked = daybook.http.post(f"/v1/journals/{journal}/ask", json={"question": f"Where was the {WORD} heron?"})
    assert asked.is_success, asked.text
    reflection = daybook.http.post(f"/v1/journals/{journal}/entries/{stack.entries[0]}/reflection")
    report = daybook.http.post(f"/v1/journals/{journal}/insights", json={"from": "2026-03-01", "to": "2026-03-07"})
    for answer in (reflection, report):
        assert answer.status_code == 202, answer.text
        until(lambda answer=answer: _is_done(daybook, answer.headers["location"]), why=stack.insights.log)
    assert daybook.http.get("/nowhere").status_code == 404


def _is_done(daybook: Daybook, location: str) -> bool:
    return daybook.http.get(location).json()["state"] == "done"
