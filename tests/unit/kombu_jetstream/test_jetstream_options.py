import re
from dataclasses import fields

import pytest

import kombu_jetstream
from kombu_jetstream import Placement, TransportOptions, stream_specs, transport, worker_permissions
from kombu_jetstream._topology.queues import queue_from_arguments
from kombu_jetstream.errors import ConnectionFault, InvalidOption, MessageTooLarge


def test_options_are_typed_and_whole_numbers_do_for_seconds() -> None:
    options = TransportOptions.from_mapping({"ack_wait_s": 2, "prefix": "daybook", "servers": ["nats://b:1"]})
    assert (options.ack_wait_s, options.prefix, options.servers) == (2.0, "daybook", ("nats://b:1",))
    assert TransportOptions.from_mapping({"prefix": None}).prefix is None


def test_options_of_kombus_own_are_let_through() -> None:
    assert TransportOptions.from_mapping({"max_retries": 3, "interval_start": 0}) == TransportOptions()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"visibility_timeout": 3600}, "unknown option; known are ack_wait_s"),
        ({"ack_wait_s": "30"}, "expected <class 'float'>"),
        ({"ack_wait_s": 0}, "must be above 0"),
        ({"ack_wait_s": True}, "expected"),
        ({"create_streams": 1}, "expected"),
        ({"servers": "nats://one"}, "expected"),
        ({"replicas": 0}, "must be at least 1"),
        ({"prefix": "a.b"}, "one subject token"),
        ({"domain": "a.b"}, "one subject token"),
        ({"domain": "hub", "api_prefix": "$JS.hub.API"}, "give one of the two"),
        ({"placement": "eu"}, "expected {"),
        ({"placement": {"tag": "ssd"}}, "expected {"),
        ({"placement": {"tags": "ssd"}}, "expected {"),
        ({"placement": {"cluster": 1}}, "expected {"),
    ],
)
def test_a_wrong_option_is_refused_by_name(given: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidOption, match=told) as caught:
        TransportOptions.from_mapping(given)
    assert caught.value.option in given


def test_tasks_rest_in_a_file_and_transient_things_in_memory() -> None:
    tasks, transient = stream_specs("daybook", replicas=3)
    assert (tasks.name, tasks.retention, tasks.storage) == ("DAYBOOK_TASKS", "workqueue", "file")
    assert (transient.name, transient.retention, transient.storage) == ("DAYBOOK_TRANSIENT", "interest", "memory")
    config = tasks.config()
    assert config["subjects"] == ["daybook.tasks.>", "daybook.later.>"]
    assert config["allow_msg_schedules"] is True
    assert config["num_replicas"] == 3
    assert config["duplicate_window"] == 120_000_000_000


def test_a_worker_may_not_create_streams_or_touch_a_bound_consumer() -> None:
    allowed = worker_permissions("daybook", inbox_prefix="_INBOX_w", bound=[("EVENTS", "reader")])
    assert allowed.subscribe == ("_INBOX_w.>",)
    assert not [subject for subject in allowed.publish if ".STREAM." in subject or ".DELETE." in subject]
    assert [subject for subject in allowed.publish if "EVENTS" in subject] == [
        "$JS.API.CONSUMER.INFO.EVENTS.reader",
        "$JS.API.CONSUMER.MSG.NEXT.EVENTS.reader",
        "$JS.ACK.EVENTS.reader.>",
    ]
    more = worker_permissions("daybook", administer=True).publish
    assert "$JS.API.STREAM.PURGE.DAYBOOK_TASKS" in more


@pytest.mark.parametrize(
    ("arguments", "flags", "kind"),
    [
        ({}, {}, "durable"),
        ({"x-max-priority": 9}, {}, "durable"),
        ({}, {"auto_delete": True}, "transient"),
        ({}, {"exclusive": True}, "transient"),
        ({"x-expires": 10_000}, {}, "transient"),
        ({kombu_jetstream.STREAM_ARGUMENT: "S", kombu_jetstream.DURABLE_ARGUMENT: "D"}, {}, "foreign"),
    ],
)
def test_a_declaration_tells_what_kind_of_queue_it_is(
    arguments: dict[str, object], flags: dict[str, bool], kind: str
) -> None:
    queue = queue_from_arguments("q", arguments, **{"auto_delete": False, "exclusive": False, **flags})
    assert queue.kind == kind


def test_errors_say_whether_trying_again_helps() -> None:
    assert ConnectionFault("gone").retryable
    error = MessageTooLarge(11, 10)
    assert not error.retryable
    assert "max_payload" in str(error)


def test_placement_names_a_cluster_and_tags() -> None:
    options = TransportOptions.from_mapping({"placement": {"cluster": "eu", "tags": ["ssd"]}})
    for spec in stream_specs("diary", placement=options.placement):
        assert spec.config()["placement"] == {"cluster": "eu", "tags": ["ssd"]}
    assert TransportOptions.from_mapping({"placement": {"tags": ["a"]}}).placement == Placement(tags=("a",))
    assert "placement" not in stream_specs("diary")[0].config()


def test_a_domain_is_where_the_api_is() -> None:
    assert TransportOptions().api == "$JS.API"
    assert TransportOptions.from_mapping({"domain": "hub"}).api == "$JS.hub.API"
    assert TransportOptions.from_mapping({"api_prefix": "imported.API"}).api == "imported.API"


def test_the_transports_page_names_every_option_and_no_other() -> None:
    page = (transport.__doc__ or "").partition("Transport Options\n")[2]
    named = {name for line in page.splitlines() if line.startswith("* ") for name in re.findall(r"`([a-z_]+)`", line)}
    assert named - {"broker_use_ssl"} == {field.name for field in fields(TransportOptions)}
