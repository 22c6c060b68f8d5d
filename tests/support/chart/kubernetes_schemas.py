"""Kubernetes' own schemas, strictly: those that `kubernetes_validate` has.

Its own `validate` reads megabytes for every object; here they are read once for a version.
"""

import json
import re
from functools import cache
from pathlib import Path

import jsonschema
import kubernetes_validate
from referencing import Registry, Resource

from support.chart.custom_resources import SCHEMAS
from support.chart.rendering import Document

_FOLDER = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"


def fault(document: Document, version: str) -> str | None:
    """What that version of Kubernetes, or an operator, would not take. An unknown field is a fault."""
    found = jsonschema.exceptions.best_match(
        _validator(document["kind"], document["apiVersion"], version).iter_errors(document)
    )
    return None if found is None else f"{found.json_path}: {found.message}"


@cache
def _validator(kind: str, api_version: str, version: str) -> jsonschema.Draft202012Validator:
    if kind in SCHEMAS:
        return jsonschema.Draft202012Validator(SCHEMAS[kind])
    # `networking.k8s.io/v1` is `networking-v1` there.
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    schema = json.loads((_folder(version) / f"{kind.lower()}-{group}.json").read_text())
    return jsonschema.Draft202012Validator(schema, registry=Resource.from_contents(schema) @ _definitions(version))


@cache
def _definitions(version: str) -> Registry:
    resource = Resource.from_contents(json.loads((_folder(version) / "_definitions.json").read_text()))
    return resource @ Registry()


def _folder(version: str) -> Path:
    return _FOLDER / f"v{version}.0-local-strict"
