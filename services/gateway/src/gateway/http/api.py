"""The HTTP API put together."""

from dataclasses import replace
from functools import cache

from fastapi import FastAPI

from contracts.ask import AskQuestion
from contracts.entries import EntryDraft
from contracts.journals import JournalSettingsChange
from contracts.reports import InsightsOrder
from contracts.search import SearchQuery
from gateway.context import Context
from gateway.http import (
    admin,
    ask,
    docs_pages,
    entries,
    events,
    health,
    insights,
    journals,
    live,
    moods,
    reflections,
    search,
)
from gateway.http.body_guard import BodyGuard
from gateway.http.cross_origin import CrossOrigin
from gateway.http.documents import describe
from gateway.http.draining import ConnectionsEnd
from gateway.http.faults import handle_faults
from gateway.http.methods import HeadAsGet
from gateway.http.request_log import RequestLog

#: A body of the largest size passes within it over 70 kbit/s.
BODY_DEADLINE_S = 60.0


def create_api(context: Context, *, body_deadline_s: float = BODY_DEADLINE_S) -> FastAPI:
    """The application, for any ASGI server: OpenAPI at /docs, AsyncAPI at /asyncapi.

    It opens nothing and closes nothing: what `context` holds is open as long as requests come.
    """
    api = FastAPI(
        title="Daybook",
        summary="Private journal intelligence on its owner's own hardware.",
        version=context.version,
        # Served by `docs_pages`: FastAPI's own page loads its scripts from the internet.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # One address for one thing. A redirect would also drop the bodies of clients that do not follow it.
        redirect_slashes=False,
        # Its spans hold addresses and queries, and it looks for collectors in the environment. `RequestLog` makes ours.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    # The document is made once: it takes some 90 ms, in which nobody else is served.
    api.state.context = replace(context, asyncapi=cache(context.asyncapi))
    for router in (
        journals.router,
        entries.router,
        moods.router,
        reflections.router,
        live.router,
        events.router,
        insights.router,
        search.router,
        ask.router,
        admin.router,
        health.router,
        docs_pages.router,
    ):
        api.include_router(router)
    describe(
        api,
        AskQuestion,
        *ask.EVENTS,
        EntryDraft,
        SearchQuery,
        journals.ReprocessOrder,
        JournalSettingsChange,
        InsightsOrder,
    )
    handle_faults(api)
    # The last one added is the outermost: what the others refuse is logged and named too.
    api.add_middleware(HeadAsGet)
    api.add_middleware(BodyGuard, limit_bytes=context.request_max_bytes, deadline_s=body_deadline_s)
    api.add_middleware(ConnectionsEnd, stopping=context.stopping)
    api.add_middleware(RequestLog)
    api.add_middleware(CrossOrigin, origins=context.cors_origins)
    return api
