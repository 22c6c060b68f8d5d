"""Celery beat on real servers: reports that nobody asks for, each made once however many clocks run."""

from datetime import UTC, datetime, timedelta

from support.enrichment import Daybook, until


def test_two_clocks_make_one_report_of_the_week_that_has_ended(daybook: Daybook) -> None:
    journal = daybook.new_journal()
    # Up to an hour after a week has ended nothing is due: the week before the last is over for certain a day later.
    in_last_week = datetime.now(UTC) - timedelta(days=7)
    body = {"body": "Rain all day.", "written_at": in_last_week.isoformat()}
    assert daybook.http.post(f"/v1/journals/{journal}/entries", json=body).is_success
    assert daybook.http.patch(f"/v1/journals/{journal}/settings", json={"reports": ["weekly"]}).is_success
    worker = daybook.insights_worker()
    beats = [daybook.insights_beat(INSIGHTS_REPORT_SCHEDULE_EVERY_S="0.5") for _ in range(2)]
    try:
        # Both have asked, and more than once. On a busy machine one may have asked five times before the other began.
        until(lambda: all(beat.events("beat.started") for beat in beats), why=beats[1].log)
        until(lambda: len(worker.events("reports.scheduled")) >= 5, why=worker.log)
        found = until(lambda: _done(daybook, journal), why=worker.log)
    finally:
        for process in (*beats, worker):
            process.stop()
    assert [(report["kind"], report["scheduled"]) for report in found] == [("weekly", True)]
    assert sum(line["made"] for line in worker.events("reports.scheduled")) == 1
    assert [beat.events("beat.started")[0]["orders"] for beat in beats] == [["reports"]] * 2
    assert [beat.process.exit_code for beat in beats] == [0, 0], "a clock that is told to stop has not failed"


def _done(daybook: Daybook, journal: str) -> list[dict[str, object]] | None:
    found = daybook.http.get(f"/v1/journals/{journal}/insights").json()["reports"]
    return found if found and all(report["state"] == "done" for report in found) else None
