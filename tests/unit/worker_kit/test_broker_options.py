"""What a worker's settings tell Celery's broker."""

import pytest

from enrichment_worker.app import create_app
from enrichment_worker.settings import Settings


@pytest.mark.parametrize("replicas", [1, 3])
def test_task_streams_are_kept_by_as_many_servers_as_the_settings_say(replicas: int) -> None:
    settings = Settings(
        nats_url="nats://127.0.0.1:4222",
        gateway_key="k",
        qdrant_url="http://127.0.0.1:6333",
        nats_replicas=replicas,
    )
    assert create_app(settings).conf.broker_transport_options["replicas"] == replicas
