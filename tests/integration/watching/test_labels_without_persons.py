"""Metrics tell of queues, models and routes, never of persons."""

import os
import re
from collections.abc import Iterator

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from support.watched_stack import WatchedStack

#: Whoever comes first waits for the stack.
pytestmark = pytest.mark.timeout(400)


def test_no_label_tells_of_a_journal_an_entry_or_a_key(watched: WatchedStack) -> None:
    told = {value for text in watched.expositions().values() for value in label_values(text)}
    assert len(told) > 50
    key = str(watched.daybook.http.headers["Authorization"]).removeprefix("Bearer ")
    secrets = [watched.journal, *watched.entries, key, key.rpartition("_")[2], watched.daybook.worker_key, "marzipan"]
    assert [word for word in secrets if any(word in one for one in told)] == []
    # What nobody thought of: an id of any kind, an address with a login, a file.
    shapes = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|dbk_|://|@|/tmp|" + re.escape(os.sep + "home"))
    assert [one for one in told if shapes.search(one)] == []


def label_values(text: str) -> Iterator[str]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield from sample.labels.values()
