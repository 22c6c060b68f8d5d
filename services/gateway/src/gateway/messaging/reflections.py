"""The NATS API's part about reflections."""

from collections.abc import Callable

from faststream.nats import NatsBroker

from contracts import subjects
from contracts.api import BeginReflection, BeginReply, RecordReflection, ReflectionReply, RequestReflection
from contracts.reflections import ReflectionView
from gateway.context import Context
from gateway.messaging.headers import Authorization
from gateway.service import keys, reflect


def add_reflections(broker: NatsBroker, context: Callable[[], Context], workers: int) -> None:
    @broker.subscriber(
        subjects.REFLECTIONS_REQUEST, subjects.API_QUEUE_GROUP, max_workers=workers, title="reflections.request"
    )
    async def request_reflection(request: RequestReflection, authorization: Authorization) -> ReflectionView:
        """Ask for a reflection; the pending one where there is one. Scope `write`."""
        opened = context()
        principal = await keys.authenticate(opened.store, authorization)
        return await reflect.request_reflection(
            opened.store, principal, request.journal, request.entry_id, care=opened.care
        )

    @broker.subscriber(
        subjects.REFLECTIONS_BEGIN, subjects.API_QUEUE_GROUP, max_workers=workers, title="reflections.begin"
    )
    async def begin_reflection(request: BeginReflection, authorization: Authorization) -> BeginReply:
        """What a worker needs to write it. Scope `enrich`."""
        opened = context()
        principal = await keys.authenticate(opened.store, authorization)
        return await reflect.begin_reflection(opened.store, principal, request, care=opened.care)

    @broker.subscriber(
        subjects.REFLECTIONS_RECORD, subjects.API_QUEUE_GROUP, max_workers=workers, title="reflections.record"
    )
    async def record_reflection(request: RecordReflection, authorization: Authorization) -> ReflectionReply:
        """Store what a worker wrote, or why it could not. Scope `enrich`."""
        store = context().store
        principal = await keys.authenticate(store, authorization)
        return await reflect.record_reflection(store, principal, request)
