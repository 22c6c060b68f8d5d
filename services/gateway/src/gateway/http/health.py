"""Probes for machines: no key, no words of anybody."""

import asyncio
from typing import Literal

import structlog
from fastapi import APIRouter, Request, Response

from contracts.model import Value
from gateway.context import Probe
from gateway.http.answers import json_answer
from gateway.http.caller import ContextOfApi
from gateway.http.documents import header_documents
from telemetry import exposition

RETRY_AFTER_S = 5

router = APIRouter(tags=["health"])
log = structlog.stdlib.get_logger()


class Health(Value):
    status: Literal["ok"] = "ok"


class Dependency(Value):
    status: Literal["up", "down"]
    #: Without it no entry can be taken.
    required: bool


class Readiness(Value):
    """`degraded`: entries are taken and kept; what the missing dependency does is done when it is back.

    `stopping`: what still comes is served, and more is to go to other gateways. Nothing is asked for then.
    """

    status: Literal["ready", "degraded", "unavailable", "stopping"]
    dependencies: dict[str, Dependency]


@router.get("/healthz", operation_id="health", summary="The process answers", responses={200: {"model": Health}})
async def health() -> Response:
    return json_answer(Health())


@router.get(
    "/readyz",
    operation_id="readiness",
    summary="Which dependencies answer",
    responses={
        200: {"model": Readiness, "description": "Entries are taken"},
        503: {"model": Readiness, "description": "They cannot be, or not for long", **header_documents("Retry-After")},
    },
)
async def readiness(context: ContextOfApi) -> Response:
    come_back = {"Retry-After": str(RETRY_AFTER_S)}
    if context.stopping.is_set():
        return json_answer(Readiness(status="stopping", dependencies={}), status=503, headers=come_back)
    found = await asyncio.gather(*(_is_up(probe, context.probe_timeout_s) for probe in context.probes))
    dependencies = {
        probe.name: Dependency(status="up" if is_up else "down", required=probe.required)
        for probe, is_up in zip(context.probes, found, strict=True)
    }
    if all(found):
        return json_answer(Readiness(status="ready", dependencies=dependencies))
    if all(is_up or not probe.required for probe, is_up in zip(context.probes, found, strict=True)):
        return json_answer(Readiness(status="degraded", dependencies=dependencies))
    return json_answer(Readiness(status="unavailable", dependencies=dependencies), status=503, headers=come_back)


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Metrics for Prometheus: OpenMetrics where that is accepted, else its text format",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}, "application/openmetrics-text": {}}}},
)
async def metrics(request: Request, context: ContextOfApi) -> Response:
    body, content_type = exposition(request.headers.get("Accept", ""), await context.watch())
    return Response(body, headers={"Content-Type": content_type})


async def _is_up(probe: Probe, timeout_s: float) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            await probe.check()
    except Exception as error:  # noqa: BLE001 - a probe may raise what its client raises: each means "away"
        log.debug("readiness.down", dependency=probe.name, error=type(error).__qualname__)
        return False
    return True
