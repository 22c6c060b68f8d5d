"""Where a broker is known to differ from an expectation, and why. Each is proven: the suite fails when one is gone."""

from collections.abc import Mapping

_NO_EXPIRY = "kombu's Redis transport ignores expirations: a Redis list keeps its members until they are taken"
_PATTERNS = "kombu's Redis transport reads `#` as one word or more, and only as far as Celery needs it"

#: broker -> test -> why it fails there
DIFFERENCES: Mapping[str, Mapping[str, str]] = {
    "jetstream": {},
    "rabbitmq": {},
    "redis": {
        "test_a_message_lives_no_longer_than_its_expiration": _NO_EXPIRY,
        "test_a_message_lives_no_longer_than_its_queue_allows": _NO_EXPIRY,
        "test_a_hash_stands_for_any_number_of_words_anywhere": _PATTERNS,
        "test_a_fanout_keeps_its_message_for_a_queue_that_nobody_consumes": (
            "fanout is PUBSUB: who does not listen at that moment gets nothing"
        ),
        "test_an_unbound_queue_gets_nothing_more": "kombu's Redis transport never takes a binding out of its set",
        "test_a_declared_queue_is_found_though_it_is_empty": "a queue is a list, and Redis keeps no empty lists",
        "test_a_queue_that_was_never_declared_or_is_deleted_is_not_found": (
            "only a queue bound to a named exchange is deleted; the list of one without stays"
        ),
        "test_a_deleted_queue_comes_back_empty": (
            "only a queue bound to a named exchange is deleted; the list of one without stays"
        ),
        "test_a_requeued_message_comes_before_those_behind_it": "a requeued message goes to the end of the list",
    },
}
