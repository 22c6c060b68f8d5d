"""Which tasks an event asks for, and which of them go first."""

from collections.abc import Sequence
from uuid import UUID

from contracts.events import DomainEvent, InsightsRequested, ReflectionOrder, ReflectionRequested, ReportOrder
from contracts.identifiers import derived_id
from worker_kit import Order, QueueSpec

WRITE_REFLECTION = "insights.write_reflection"
COMPUTE_INSIGHTS = "insights.compute_insights"
SCHEDULE_REPORTS = "insights.schedule_reports"

REFLECTION_QUEUE = QueueSpec("insights.reflection", needs_model=True, has_priorities=True)
#: Of its own: a reflection never waits behind reports.
REPORT_QUEUE = QueueSpec("insights.report", needs_model=True, has_priorities=True)
#: Beat's orders, which need no model.
SCHEDULE_QUEUE = QueueSpec("insights.schedule", needs_model=False)
QUEUES = (REFLECTION_QUEUE, REPORT_QUEUE, SCHEDULE_QUEUE)

#: Somebody looks at a screen; the others are for later.
INTERACTIVE_PRIORITY = 9
SCHEDULED_PRIORITY = 0


def route(events: Sequence[DomainEvent]) -> list[Order]:
    orders: list[Order] = []
    for event in events:
        match event:
            case ReflectionRequested(data=order):
                orders.append(_order(WRITE_REFLECTION, REFLECTION_QUEUE, event.id, order))
            case InsightsRequested(data=order):
                orders.append(_order(COMPUTE_INSIGHTS, REPORT_QUEUE, event.id, order))
            case _:
                pass  # the durable's filter keeps others away
    return orders


def _order(task: str, queue: QueueSpec, event_id: UUID, order: ReflectionOrder | ReportOrder) -> Order:
    return Order(
        task=task,
        queue=queue.name,
        args=(order.model_dump(mode="json", exclude={"interactive"}),),
        task_id=derived_id(task, event_id),
        because_of=(event_id,),
        priority=INTERACTIVE_PRIORITY if order.interactive else SCHEDULED_PRIORITY,
    )
