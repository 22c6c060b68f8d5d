"""One prefix on one connection: what a channel asks of JetStream, in kombu's terms."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import nats.errors
from nats.aio.msg import Msg

from kombu_jetstream._channel.consumers import Consumers
from kombu_jetstream._connection.denials import check_denied
from kombu_jetstream._connection.refusals import STREAM_NAME_IN_USE
from kombu_jetstream._consume.purge import take_out
from kombu_jetstream._link.link import Link
from kombu_jetstream._link.settlements import ACK
from kombu_jetstream._messages.receipt import Receipt, is_receipt
from kombu_jetstream._publish.publisher import Publisher
from kombu_jetstream._publish.routes import Routes
from kombu_jetstream._topology.bindings import Binding
from kombu_jetstream._topology.filters import takes
from kombu_jetstream._topology.naming import Names
from kombu_jetstream._topology.queues import Queue
from kombu_jetstream._topology.stream_check import check_stream
from kombu_jetstream._topology.streams import stream_specs
from kombu_jetstream.errors import MAJORITY, ApiError, JetStreamUnavailable, LinkClosed

T = TypeVar("T")

DRAIN_S = 1.0
#: What waits already; and, if nothing does, what the server has confirmed to its publisher but not told the consumer
#: of. Without the second, one `get` in 600 that followed a publish found nothing (nats-server 2.15).
NOW, SOON = b'{"batch":1,"no_wait":true}', b'{"batch":1,"expires":10000000}'
ANSWER_S = 1.0


class Broker:
    """Its coroutines run on the io thread; `run` brings them there."""

    def __init__(self, link: Link, names: Names) -> None:
        self.link = link
        self.names = names
        #: What this connection declared.
        self.queues: dict[str, Queue] = {}
        self.consumers = Consumers(link.api, names, link.options)
        self._routes = Routes(link.api, names, link.options.binding_cache_s)
        self.publisher = Publisher(link, names, self._routes)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`.

        Raises:
            LinkClosed: the connection is gone, or belongs to another process.
        """
        if self.link.closed:
            work.close()
            raise LinkClosed("the connection to NATS is closed, or belongs to the parent process; connect again")
        return self.link.run(work)

    async def ensure_streams(self) -> None:
        """Create the two streams where they are missing. One that exists stays as its operator made it."""
        options = self.link.options
        specs = stream_specs(
            self.names.prefix,
            replicas=options.replicas,
            duplicate_window_s=options.duplicate_window_s,
            placement=options.placement,
        )
        for spec in specs:
            present = await self.link.api.stream_config(spec.name)
            if present is not None:
                check_stream(spec, present)
                continue
            try:
                await self.link.api.request(f"STREAM.CREATE.{spec.name}", spec.config())
            except ApiError as error:
                # Another process was faster.
                if error.err_code != STREAM_NAME_IN_USE:
                    raise

    async def bind(self, queue: Queue, exchange: str, kind: str, routing_key: str) -> None:
        """Have the queue take what matches. A foreign queue is fed by its stream and stays as it is."""
        await self._change_bindings(queue, add=(exchange, kind, routing_key))

    async def unbind(self, queue: Queue, exchange: str, kind: str, routing_key: str) -> None:
        await self._change_bindings(queue, remove=(exchange, kind, routing_key))

    async def delete(self, queue: Queue) -> None:
        await self.consumers.remove(queue)
        if queue.kind != "foreign":
            for found in queue.consumers(self.names):
                self.link.settlements.forget_consumer(*found)
        self.queues.pop(queue.name, None)
        self._routes.forget()

    async def purge(self, queue: Queue) -> int:
        """How many waiting messages were removed. What workers hold stays; nothing is taken from a foreign queue."""
        if queue.kind == "foreign":
            return 0
        if queue.kind == "durable" and not await self.consumers.held(queue):
            return await self.link.api.purge(self.names.task_stream, self.names.task(queue.name, "*"))
        return sum([await take_out(self.link, *found, queue.ack_wait_s) for found in queue.consumers(self.names)])

    async def restore(self, queue: Queue) -> None:
        """After a reconnect: create again what lived in the server's memory, and look at the rest."""
        if queue.kind == "transient" and self.link.options.create_streams:
            await self.ensure_streams()
        await self.consumers.declare(queue)

    async def fetch_one(self, queue: Queue) -> Msg | None:
        """The next message, held by us, or None if none waits.

        Raises:
            JetStreamUnavailable: the server did not answer.
        """
        await self.link.until_may_pull()
        # What was just handed back has to be there again.
        await self.link.settlements.drain(DRAIN_S)
        consumers = queue.consumers(self.names)
        # A look at all steps first. One consumer is asked to wait at once: it says so, too, when it may give no more.
        for request in (NOW, SOON) if len(consumers) > 1 else (SOON,):
            for stream, consumer in consumers:
                while (message := await self._pull_one(stream, consumer, request)) is not None:
                    if not self.link.admit(receipt := Receipt.parse(message.reply), queue.ack_wait_s):
                        continue
                    if queue.kind != "transient" or takes(queue.bindings, message.subject):
                        return message
                    self.link.settlements.settle(receipt.tag, ACK)
        return None

    async def _pull_one(self, stream: str, consumer: str, request: bytes) -> Msg | None:
        subject = self.link.api.subject(f"CONSUMER.MSG.NEXT.{stream}.{consumer}")
        for _ in range(2):
            try:
                # Old style: a pulled message keeps its own subject, so the shared inbox cannot tell whose answer it is.
                answer = await self.link.client.request(subject, request, timeout=ANSWER_S, old_style=True)
            except nats.errors.Error:
                check_denied(self.link.client, subject)
                # To a pull that does not want to wait, a consumer that reached max_ack_pending says nothing at all.
                # Where there is no leader nobody does: to ask for its state waits for one.
                if await self.consumers.saturated(stream, consumer):
                    return None
            else:
                return answer if is_receipt(answer.reply) else None
        raise JetStreamUnavailable(subject, MAJORITY)

    async def _change_bindings(
        self,
        queue: Queue,
        *,
        add: Binding | None = None,
        remove: Binding | None = None,
    ) -> None:
        if queue.kind == "foreign":
            return
        stored = await self.consumers.stored_bindings(queue)
        kept = [binding for binding in stored if binding not in {add, remove}]
        queue.bindings = [*kept, add] if add else kept
        if queue.bindings != stored:
            try:
                await self.consumers.store_bindings(queue)
            except ApiError:
                queue.bindings = stored
                raise
        self._routes.forget()
