"""Rate limits and time limits, set on the task and changed from afar."""

from support.kombu_jetstream.site import Site
from support.kombu_jetstream.worker import until

LIMITED = "support.kombu_jetstream.feature_tasks.limited"


def test_a_rate_limit_spaces_tasks_and_can_be_lifted(site: Site) -> None:
    site.worker("one", worker_prefetch_multiplier=4)
    for number in range(60):
        site.send("limited", str(number))
    ran = site.ledger.wait("ran", 4)
    assert ran[3]["at"] - ran[0]["at"] > 1.0
    assert len(ran) < 8
    site.client.control.rate_limit(LIMITED, "0", timeout=5, reply=True, limit=1)
    site.ledger.wait("ran", 60)
    until(lambda: site.unacked() == 0)


def test_a_soft_limit_warns_the_task_and_a_hard_one_ends_it(crew: Site) -> None:
    crew.send("work_to_a_limit", "soft", 30.0, soft_time_limit=1)
    crew.send("work_to_a_limit", "hard", 30.0, time_limit=1)
    crew.ledger.wait("warned", name="soft")
    until(lambda: crew.unacked() == 0)
    crew.send("note", "after the limits")
    crew.ledger.wait("ran", name="after the limits")
    assert len(crew.ledger.lines("began", name="hard")) == 1
    assert crew.ledger.lines("ended", name="hard") == []
    assert crew.ledger.lines("warned", name="hard") == []
