"""Reading the end of the event stream into the feed, for as long as it takes."""

import asyncio
import random
from contextlib import aclosing

import structlog

from gateway.live.event_feed import EventFeed
from gateway.live.event_log import EventLogAway
from gateway.messaging.event_log import JetStreamEventLog

_BACKOFF_BASE_S = 0.05
_BACKOFF_CAP_S = 1.0

log = structlog.get_logger()


async def tail_events(events: JetStreamEventLog, feed: EventFeed) -> None:
    """Never returns. Goes on behind the last event that was seen, whatever happened in between."""
    failures = 0
    while True:
        try:
            after = feed.begin(await events.bounds())
            async with aclosing(events.follow(after)) as following:
                async for event in following:
                    if failures:
                        log.info("events.tail_recovered", failures=failures)
                        failures = 0
                    if event is None:
                        feed.catch_up()
                    else:
                        feed.append(event)
        except EventLogAway as error:
            if failures == 0:
                log.warning("events.tail_interrupted", reason=str(error))
            failures += 1
            wait_s = min(_BACKOFF_CAP_S, _BACKOFF_BASE_S * 2**failures) * random.uniform(0.5, 1)  # noqa: S311 - jitter
            await asyncio.sleep(wait_s)
