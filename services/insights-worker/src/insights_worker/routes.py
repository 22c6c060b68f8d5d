"""Which tasks an event asks for, and which of them go first."""

from collections.abc import Sequence

from contracts.events import DomainEvent, ReflectionRequested
from contracts.identifiers import derived_id
from worker_kit import Order, QueueSpec

WRITE_REFLECTION = "insights.write_reflection"

REFLECTION_QUEUE = QueueSpec("insights.reflection", needs_model=True, has_priorities=True)
QUEUES = (REFLECTION_QUEUE,)

#: Somebody looks at a screen; the others are for later.
INTERACTIVE_PRIORITY = 9
SCHEDULED_PRIORITY = 0


def route(events: Sequence[DomainEvent]) -> list[Order]:
    orders: list[Order] = []
    for event in events:
        match event:
            case ReflectionRequested(data=order):
                orders.append(
                    Order(
                        task=WRITE_REFLECTION,
                        queue=REFLECTION_QUEUE.name,
                        args=(order.model_dump(mode="json", exclude={"interactive"}),),
                        task_id=derived_id(WRITE_REFLECTION, event.id),
                        because_of=(event.id,),
                        priority=INTERACTIVE_PRIORITY if order.interactive else SCHEDULED_PRIORITY,
                    )
                )
            case _:
                pass  # the durable's filter keeps others away
    return orders
