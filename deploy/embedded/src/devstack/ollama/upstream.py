"""Talking to the llama.cpp server inside: one call, or its event stream."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from devstack.ollama.faults import ApiFault
from devstack.ollama.registry import Model
from devstack.ollama.runtime import INNER_KEY


class Upstream:
    def __init__(self) -> None:
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=5),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
            headers={"Authorization": f"Bearer {INNER_KEY}"},
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def post(self, model: Model, path: str, payload: Mapping[str, Any]) -> Any:
        """Its answer's JSON. What it refuses is passed on word by word, as Ollama does."""
        response = await self._http.post(model.base_url + path, json=payload)
        if response.is_error:
            raise ApiFault(response.status_code, response.text.strip())
        return response.json()

    async def events(self, model: Model, path: str, payload: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        async with self._http.stream("POST", model.base_url + path, json={**payload, "stream": True}) as response:
            if response.is_error:
                raise ApiFault(response.status_code, (await response.aread()).decode().strip())
            async for line in response.aiter_lines():
                if line.startswith("error:"):
                    raise ApiFault(500, f"llama-server chat error: {line[6:].strip()}")
                if not line.startswith("data: ") or line == "data: [DONE]":
                    continue
                event = json.loads(line[6:])
                if event.get("error"):
                    raise ApiFault(500, f"llama-server chat error: {event['error']}")
                yield event

    async def tokens(self, model: Model, text: str, *, special: bool = False) -> list[int]:
        found: list[int] = (await self.post(model, "/tokenize", {"content": text, "add_special": special}))["tokens"]
        return found
