"""`GET /v1/admin/decision` as an operator asks it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from contracts.evidence import ReportEvidence
from gateway.db import evidence
from support.http_gateway import HttpGateway

ADDRESS = "/v1/admin/decision"


@pytest.fixture(scope="module")
def reported(gateway: HttpGateway) -> str:
    """150 fast inferences with a dear bridge, and 5 slow ones, of kinds that no other test has."""
    now = datetime.now(UTC)
    report = ReportEvidence.model_validate(
        {
            "worker": uuid4(),
            "sequence": 1,
            "began_at": now - timedelta(seconds=15),
            "ended_at": now,
            "kinds": [
                {
                    "task": f"http_test.{name}",
                    "tasks": tasks,
                    "busy_s": busy_s * tasks,
                    "bridge_s": 0.001 * tasks,
                    "inference_s": busy_s / 2 * tasks,
                    "tasks_with_inference": tasks,
                }
                for name, tasks, busy_s in (("fast", 150, 0.01), ("slow", 5, 10.0))
            ],
        }
    )

    async def store() -> None:
        async with gateway.store.transaction() as connection:
            await evidence.insert(connection, report)

    gateway.run(store())
    return "http_test.fast"


def kinds(answer: httpx.Response) -> dict[str, dict]:
    assert answer.status_code == 200, answer.text
    return {kind["task"]: kind for kind in answer.json()["kinds"]}


def test_it_says_in_numbers_and_in_words_how_the_decision_stands(writer: httpx.Client, reported: str) -> None:
    answer = writer.get(ADDRESS)
    fast, slow = (kinds(answer)[f"http_test.{name}"] for name in ("fast", "slow"))
    assert {name: trigger["state"] for name, trigger in fast["triggers"].items()} == {
        "inference": "met",
        "rate": "not_met",
        "overhead": "met",
    }
    assert {trigger["state"] for trigger in slow["triggers"].values()} == {"no_data"}
    assert (fast["tasks"], fast["rate_peak"]) == (150, pytest.approx(10))
    assert fast["overhead_share"] == pytest.approx(0.1)
    view = answer.json()
    assert view["verdict"] == "reconsider"
    assert "http_test.fast: inference 5.0 ms < 10 ms, overhead 10 % > 1 %" in view["conclusion"]
    assert view["decision"] == "docs/adr/0001-run-async-code-by-asyncio-run.md"
    assert (view["window_s"], view["min_tasks"]) == (3600, 100)


def test_a_smaller_sample_is_judged_where_it_is_asked_for(writer: httpx.Client, reported: str) -> None:
    slow = kinds(writer.get(ADDRESS, params={"window": "7d", "min_tasks": 5}))["http_test.slow"]
    assert {trigger["state"] for trigger in slow["triggers"].values()} == {"not_met"}


@pytest.mark.parametrize(
    "query", ["window=", "window=5", "window=0s", "window=8d", "window=1w", "window=-1h", "min_tasks=0", "widow=1h"]
)
def test_a_wrong_question_is_refused(writer: httpx.Client, query: str) -> None:
    answer = writer.get(f"{ADDRESS}?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:daybook:problem:request-invalid")
    assert answer.json()["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"


def test_it_is_for_administrators(gateway: HttpGateway) -> None:
    with gateway.client("read", "write", "enrich") as other:
        assert other.get(ADDRESS).json()["type"] == "urn:daybook:problem:scope-missing"
    with gateway.client() as nobody:
        assert nobody.get(ADDRESS).status_code == 401
