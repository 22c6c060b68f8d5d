-- The span that stored an event, as W3C trace context: whoever publishes the event goes on from there. NULL without tracing.
ALTER TABLE outbox ADD COLUMN traceparent text;
