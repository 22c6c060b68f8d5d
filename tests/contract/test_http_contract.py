"""What HTTP clients are written against: a change of the document, or of the list of problems, is a reviewed one."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from fastapi import FastAPI

from contracts.enrichments import FailureReason
from gateway.context import Context
from gateway.db.store import Store
from gateway.domain.errors import GatewayError
from gateway.domain.problems import INTERNAL, TYPE_PREFIX
from gateway.http import create_api
from support.http_gateway import REQUEST_MAX_BYTES, ShelfFinder

SNAPSHOT = Path(__file__).parent / "documents" / "openapi.json"
ERRORS_PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


@pytest.fixture(scope="module")
def api() -> FastAPI:
    # Nothing is opened: the document needs no database.
    context = Context(
        store=Store("postgresql://nowhere"),
        finder=ShelfFinder(),
        probes=(),
        version="0.1.0",
        asyncapi=lambda: b"{}",
        request_max_bytes=REQUEST_MAX_BYTES,
    )
    return create_api(context)


def test_the_openapi_document_is_the_reviewed_one(api: FastAPI) -> None:
    document = json.dumps(api.openapi(), indent=2, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(document)
    assert document == SNAPSHOT.read_text(), "run with UPDATE_SNAPSHOTS=1 and review the difference"


def test_every_reference_in_the_document_leads_somewhere(api: FastAPI) -> None:
    document = api.openapi()
    references = re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document))
    assert set(references) <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in references, "FastAPI's own 422 is never sent"


def test_every_operation_has_a_name_of_its_own_and_says_what_it_may_refuse(api: FastAPI) -> None:
    names = []
    for address, operations in api.openapi()["paths"].items():
        for operation in operations.values():
            names.append(operation["operationId"])
            assert operation["summary"]
            if address.startswith("/v1/"):
                assert operation["security"] == [{"API key": []}], operation["operationId"]
                assert {"401", "403", "503"} <= set(operation["responses"]), operation["operationId"]
    assert len(names) == len(set(names))


def test_what_a_client_must_send_back_or_follow_stands_in_the_document(api: FastAPI) -> None:
    paths = api.openapi()["paths"]
    entry = paths["/v1/journals/{journal}/entries/{entry_id}"]
    assert "if-match" in {parameter["name"] for parameter in entry["put"]["parameters"]}
    assert "ETag" in entry["get"]["responses"]["200"]["headers"], "what `If-Match` is taken from"
    for address, operations in paths.items():
        for operation in operations.values():
            answers = operation["responses"]
            for status in {"201", "202"} & set(answers):
                # A key is shown once, and has no address of its own.
                assert "/admin/" in address or "Location" in answers[status]["headers"], operation["operationId"]
            for status, name in (("401", "WWW-Authenticate"), ("429", "Retry-After"), ("503", "Retry-After")):
                assert status not in answers or name in answers[status]["headers"], operation["operationId"]


def test_the_errors_page_lists_exactly_the_problems_there_are() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \| ([^|]+) \| [^|]+ \|$", ERRORS_PAGE.read_text(), re.MULTILINE)
    known = {(error.slug, str(error.status), error.title) for error in _leaves(GatewayError)}
    known.add((INTERNAL.type.removeprefix(TYPE_PREFIX), str(INTERNAL.status), INTERNAL.title))
    assert set(rows) == known
    assert rows == sorted(rows, key=lambda row: (row[1], row[0]))


def _leaves(error: type[GatewayError]) -> Iterator[type[GatewayError]]:
    for below in error.__subclasses__():
        if below.__subclasses__():
            yield from _leaves(below)
        else:
            yield below


def test_every_reason_of_a_failure_stands_in_the_list_for_readers() -> None:
    section = ERRORS_PAGE.read_text().partition("## Why something was given up")[2]
    assert re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE) == list(get_args(FailureReason))
