"""Subject filters of a transient queue: they take what its AMQP bindings take, and the server does the routing."""

from collections.abc import Iterable

from kombu_jetstream._bindings import Binding
from kombu_jetstream._naming import Names, token


def filters_of(names: Names, bindings: Iterable[Binding], step: int | str) -> list[str]:
    """Filters that together match what `bindings` match.

    One that another covers is left out: the server refuses filters that overlap.

    Raises:
        NotImplementedError: a pattern has `#` before its end, which no subject filter can say.
    """
    found = list(dict.fromkeys(each for binding in bindings for each in binding_filters(names, *binding, step)))
    return [each for each in found if not any(other != each and covers(other, each) for other in found)]


def binding_filters(names: Names, exchange: str, kind: str, routing_key: str, step: int | str) -> tuple[str, ...]:
    """Filters that match what one AMQP binding matches.

    Raises:
        NotImplementedError: the pattern has `#` before its end, which no subject filter can say.
    """
    if kind == "fanout":
        return (f"{names.exchange_head(exchange, step)}.>",)
    if kind != "topic":
        return (names.exchange(exchange, routing_key, step),)
    words = routing_key.split(".")
    if "#" in words[:-1]:
        raise NotImplementedError(f"binding key {routing_key!r}: '#' is supported at the end only")
    fixed = [word if word == "*" else token(word) for word in words if word != "#"]
    head = ".".join([names.exchange_head(exchange, step), *fixed])
    if words[-1] != "#":
        return (head,)
    # AMQP's `#` matches no word as well, NATS's `>` at least one.
    return (head, f"{head}.>") if fixed else (f"{head}.>",)


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
