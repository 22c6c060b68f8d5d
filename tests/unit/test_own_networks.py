"""Entries and spans stay on the same networks: the model server's guard and the collector's must not drift apart."""

from ollama_client import _address
from telemetry import endpoint


def test_both_guards_let_text_and_spans_reach_the_same_networks() -> None:
    assert endpoint._OWN_NETWORKS == _address._OWN_NETWORKS
