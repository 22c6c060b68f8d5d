"""The whole of Daybook, run for all of these tests, and a journal of its own for each."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from devstack.ports import free_port
from devstack.stack import Stack
from devstack.stack_config import StackConfig
from support.journal_client import JournalClient

#: What is away is looked for often, so that tests need not wait for it.
SETTINGS = {
    "gateway": {"GATEWAY_OUTBOX_POLL_S": "1"},
    "enrichment-worker": {
        "ENRICHMENT_RETRY_BASE_S": "0.3",
        "ENRICHMENT_MODEL_PROBE_S": "0.5",
        "ENRICHMENT_ACK_WAIT_S": "6",
    },
}


@pytest.fixture(scope="session")
def stack_home() -> Iterator[Path]:
    """Not under pytest's own folder: PostgreSQL's unprivileged user may not enter that one."""
    with TemporaryDirectory(prefix="daybook-e2e-") as directory:
        path = Path(directory)
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="session")
def stack(stack_home: Path) -> Iterator[Stack]:
    # Durable, since PostgreSQL is killed too: without synchronous commits it may lose what it has answered.
    config = StackConfig(home=stack_home / "home", gateway_port=free_port(), settings=SETTINGS)
    with Stack(config) as stack:
        yield stack


@pytest.fixture
def journal(stack: Stack) -> Iterator[JournalClient]:
    """A new journal, and the owner's key."""
    with JournalClient(stack.gateway_url, stack.admin_key, f"e2e-{secrets.token_hex(4)}") as client:
        client.make()
        yield client
