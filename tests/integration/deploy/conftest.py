"""The chart, rendered once for all tests of a run."""

import pytest

from support.chart.rendering import VALUE_SETS, Order, Rendered, render

#: 53 characters, as long as Helm lets a release's name be.
LONG = "a-release-whose-name-is-as-long-as-helm-lets-it-be-53"
#: Chosen by somebody; what is not here the upgrade makes.
SECRET = {"postgres_password": "a-Long.one_~2", "nats_client_password": "x" * 20, "qdrant_api_key": "12345678"}
EXISTING = {"global": {"existingSecret": "daybook"}}


@pytest.fixture(scope="session")
def charts() -> dict[str, Rendered]:
    """By the name of the value set, and some orders more."""
    orders = {name: Order(values) for name, values in VALUE_SETS.items()}
    orders["long-name"] = Order(VALUE_SETS["everything-bundled"], release=LONG)
    orders["upgrade"] = Order(VALUE_SETS["everything-external"], is_upgrade=True)
    orders["upgrade-bundled"] = Order(EXISTING, is_upgrade=True)
    orders["upgrade-without-its-secret"] = Order({}, is_upgrade=True)
    orders["monitoring-without-clock"] = Order(VALUE_SETS["monitoring"] | {"insightsBeat": {"enabled": False}})
    orders["upgrade-with-its-secret"] = Order(is_upgrade=True, secret=SECRET)
    off, watched = {"replicas": 0}, VALUE_SETS["monitoring"]
    orders["monitoring-without-insights"] = Order(watched | {"insightsWorker": off})
    orders["monitoring-without-workers"] = Order(watched | {"insightsWorker": off, "enrichmentWorker": off})
    return render(orders)
