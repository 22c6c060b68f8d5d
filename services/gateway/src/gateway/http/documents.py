"""The OpenAPI document's parts that FastAPI cannot see: bodies that we read ourselves, and problems."""

from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from contracts.api import Problem
from gateway.http.answers import PROBLEM_MEDIA_TYPE

#: What headers of answers mean, where a route sets them.
_HEADERS = {
    "ETag": "Which state this is: for `If-Match`, and for `If-None-Match`",
    "Idempotency-Replayed": "`true` where an earlier request with the same `Idempotency-Key` made it",
    "Link": 'The next page, as `<...>; rel="next"`, where there is one',
    "Location": "The address of what was made, or is being made",
    "Retry-After": "After how many seconds the same request may succeed",
    "WWW-Authenticate": "How a key is sent",
}
_HEADERS_OF_PROBLEMS = {401: ("WWW-Authenticate",), 409: ("Retry-After",), 429: ("Retry-After",), 503: ("Retry-After",)}
_REFERENCE = "#/components/schemas/{model}"


def body_document(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    schema = {"$ref": _REFERENCE.format(model=model.__name__)}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def any_of_document(*models: type[BaseModel]) -> dict[str, Any]:
    return {"anyOf": [{"$ref": _REFERENCE.format(model=model.__name__)} for model in models]}


def header_documents(*names: str) -> dict[str, Any]:
    """For an entry of a route's `responses`: the headers that come with it. They are those of `_HEADERS`."""
    return {"headers": {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in names}}


def problem_documents(*statuses: int) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": _REFERENCE.format(model=Problem.__name__)}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_MEDIA_TYPE: {"schema": schema}},
            **(header_documents(*_HEADERS_OF_PROBLEMS[status]) if status in _HEADERS_OF_PROBLEMS else {}),
        }
        for status in statuses
    }


def describe(api: FastAPI, *bodies: type[BaseModel]) -> None:
    """Have `api.openapi()` answer with the whole document: `bodies` are what `body_document` spoke of."""

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            document = get_openapi(
                title=api.title,
                version=api.version,
                openapi_version="3.1.0",
                summary=api.summary,
                routes=api.routes,
            )
            models: list[tuple[type[BaseModel], Literal["validation"]]]
            models = [(model, "validation") for model in (Problem, *bodies)]
            _, definitions = models_json_schema(models, ref_template=_REFERENCE)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name, schema in definitions["$defs"].items():
                schemas.setdefault(name, schema)
            api.openapi_schema = document
        return api.openapi_schema

    api.openapi = openapi
