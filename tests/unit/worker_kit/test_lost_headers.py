"""What a task's message tells of its lost runs, and what becomes of it."""

from types import SimpleNamespace

import pytest

from worker_kit import fresh_headers, lost_for_good, lost_runs


@pytest.mark.parametrize(
    ("lost_max", "lost", "ends"),
    [(5, None, False), (5, 4, False), (5, 5, True), (5, 6, True), (1, 1, True), (0, 0, False), (0, 99, False)],
)
def test_a_task_ends_at_its_limit_and_without_one_never(lost_max: int, lost: int | None, ends: bool) -> None:
    headers = None if lost is None else {"lostruns": lost, "traceparent": "00-1-2-01"}
    app = SimpleNamespace(conf={"daybook_lost_max": lost_max})
    task = SimpleNamespace(request=SimpleNamespace(headers=headers), app=app)
    assert lost_runs(task) == (lost or 0)
    assert (lost_for_good(task) is not None) is ends
    assert fresh_headers(task) == ({} if lost is None else {"traceparent": "00-1-2-01"})


@pytest.mark.parametrize("told", ["many", "5", -3, [5], {}, 2.5])
def test_what_is_no_count_counts_nothing(told: object) -> None:
    task = SimpleNamespace(request=SimpleNamespace(headers={"lostruns": told}))
    assert lost_runs(task) == 0
