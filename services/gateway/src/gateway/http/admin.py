"""What an operator asks of the installation, whatever the journal."""

import re
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts.evidence import DecisionView
from gateway.domain.decision import TASKS_MIN
from gateway.http.answers import json_answer
from gateway.http.caller import KEY_NEEDED, Caller, ContextOfApi
from gateway.http.documents import problem_documents
from gateway.service.evidence import KEEP_S, read_decision

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[KEY_NEEDED])

_WINDOW = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _window(text: str) -> str:
    if _WINDOW.fullmatch(text) is None or _seconds(text) > KEEP_S:
        raise ValueError("must be a number and a unit, such as 90s, 15m, 1h or 7d, and at most 7d")
    return text


def _seconds(window: str) -> float:
    match = _WINDOW.fullmatch(window)
    assert match is not None, "it was looked at before"
    return timedelta(**{_UNITS[match[2]]: int(match[1])}).total_seconds()


class DecisionQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    window: Annotated[
        str, AfterValidator(_window), Field(description="How far back: 90s, 15m, 1h, at most 7d", examples=["1h"])
    ] = "1h"
    min_tasks: Annotated[
        int, Field(ge=1, le=1_000_000, description="A kind with fewer tasks in the window is not judged")
    ] = TASKS_MIN


@router.get(
    "/decision",
    operation_id="read_decision",
    summary="Whether running asynchronous code by asyncio.run (ADR 0001) still holds here",
    responses={200: {"model": DecisionView}, **problem_documents(401, 403, 422, 503)},
)
async def decision(context: ContextOfApi, caller: Caller, query: Annotated[DecisionQuery, Query()]) -> Response:
    """Each kind of task beside the reasons to reconsider, by what the workers have reported. Needs no Prometheus.

    The reasons: inference under 10 ms, more than 10,000 tasks a second, the bridge over 1 % of task time.
    """
    return json_answer(
        await read_decision(context.store, caller, window_s=_seconds(query.window), tasks_min=query.min_tasks)
    )
