"""Subject filters of a transient queue: they take what its AMQP bindings take, and the server does the routing."""

from collections.abc import Iterable

from kombu_jetstream._topology.bindings import Binding, matches
from kombu_jetstream._topology.naming import Names, name_of, token


def filters_of(names: Names, bindings: Iterable[Binding], step: int | str) -> list[str]:
    """Filters that together match what `bindings` match.

    One that another covers is left out: the server refuses it. A `#` before the end of a pattern is more than filters
    can say: what they let through too many is for `takes` to tell.
    """
    found = list(dict.fromkeys(each for binding in bindings for each in binding_filters(names, *binding, step)))
    return [each for each in found if not any(other != each and covers(other, each) for other in found)]


def binding_filters(names: Names, exchange: str, kind: str, routing_key: str, step: int | str) -> tuple[str, ...]:
    """Filters that match what one AMQP binding matches, and more where its pattern has `#` before its end."""
    if kind == "fanout":
        return (f"{names.exchange_head(exchange, step)}.>",)
    if kind != "topic":
        return (names.exchange(exchange, routing_key, step),)
    words = routing_key.split(".")
    before = words[: words.index("#")] if "#" in words else words
    fixed = [word if word == "*" else token(word) for word in before]
    head = ".".join([names.exchange_head(exchange, step), *fixed])
    if "#" not in words:
        return (head,)
    # AMQP's `#` matches no word as well, NATS's `>` at least one.
    return (head, f"{head}.>") if fixed else (f"{head}.>",)


def takes(bindings: Iterable[Binding], subject: str) -> bool:
    """Whether a message that passed the filters is meant by one of `bindings`; on `subject`, it came to this queue."""
    inexact = [binding for binding in bindings if binding[1] == "topic" and "#" in binding[2].split(".")[:-1]]
    _, kind, *rest = subject.split(".")
    if not inexact or kind != "exchange":
        return True
    exchange, routing_key = name_of(rest[0]), ".".join(name_of(word) for word in rest[2:])
    return any(found == exchange and matches(kind, pattern, routing_key) for found, kind, pattern in bindings)


def covers(wide: str, narrow: str) -> bool:
    """Whether every subject that `narrow` matches is matched by `wide` too."""
    wides, narrows = wide.split("."), narrow.split(".")
    if wides[-1] == ">":
        wides = wides[:-1]
        if len(narrows) <= len(wides):
            return False
    elif len(wides) != len(narrows):
        return False
    return all(w == n or (w == "*" and n != ">") for w, n in zip(wides, narrows, strict=False))
