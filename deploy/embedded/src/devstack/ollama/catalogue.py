"""`/api/tags`, `/api/ps`, `/api/show` and `/api/pull`: which models there are."""

import json
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devstack.ollama.faults import ApiFault
from devstack.ollama.fields import body_of
from devstack.ollama.registry import Model, Registry

_NOT_IN_REGISTRY = "pull model manifest: file does not exist"


class Catalogue:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def tags(self, _request: Request) -> Response:
        return JSONResponse(
            {"models": [_entry(model) | {"capabilities": _capabilities(model)} for model in self._registry]}
        )

    async def ps(self, _request: Request) -> Response:
        running = [
            _entry(model)
            | {"expires_at": model.expires_at.isoformat(), "size_vram": 0, "context_length": model.context_tokens}
            for model in self._registry
            if model.loaded
        ]
        return JSONResponse({"models": running})

    async def show(self, request: Request) -> Response:
        body = await body_of(request)
        name = body.get("model") or body.get("name")
        if not name:
            raise ApiFault(400, "model is required")
        model = self._registry.get(name)
        return JSONResponse(
            {
                "license": model.description.license,
                "modelfile": f"FROM {model.weights.path.name}\n",
                "parameters": "",
                "template": "",
                "details": model.description.details,
                "model_info": model.description.model_info,
                "capabilities": _capabilities(model),
                "modified_at": _entry(model)["modified_at"],
            }
        )

    async def pull(self, request: Request) -> Response:
        body = await body_of(request)
        name = body.get("model") or body.get("name") or ""
        if not name:
            raise ApiFault(400, "invalid model name")
        model = self._registry.find(name)
        stream = body.get("stream") is not False
        if model is None and not stream:
            raise ApiFault(500, _NOT_IN_REGISTRY)
        if not stream:
            return JSONResponse({"status": "success"})
        lines = [{"status": "pulling manifest"}, *(_pulled(model) if model else [{"error": _NOT_IN_REGISTRY}])]
        return Response("".join(json.dumps(line) + "\n" for line in lines), media_type="application/x-ndjson")


def _pulled(model: Model) -> list[dict[str, Any]]:
    size = model.weights.path.stat().st_size
    digest = model.weights.sha256
    return [
        {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}", "total": size, "completed": size},
        {"status": "verifying sha256 digest"},
        {"status": "writing manifest"},
        {"status": "success"},
    ]


def _entry(model: Model) -> dict[str, Any]:
    file = model.weights.path.stat()
    return {
        "name": model.weights.name,
        "model": model.weights.name,
        "modified_at": datetime.fromtimestamp(file.st_mtime, UTC).isoformat(),
        "size": file.st_size,
        "digest": model.weights.sha256,
        "details": model.description.details,
    }


def _capabilities(model: Model) -> list[str]:
    return ["embedding" if model.weights.kind == "embed" else "completion"]
