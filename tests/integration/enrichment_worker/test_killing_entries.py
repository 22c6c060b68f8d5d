"""An entry that kills whatever embeds it, in a real prefork worker behind the real gateway."""

from support.enrichment import Daybook
from support.poisoned_ollama import POISON, PoisonedOllama


def test_an_entry_that_kills_its_worker_fails_alone_and_can_be_asked_for_again(daybook: Daybook) -> None:
    journal = daybook.new_journal()
    good = [daybook.post(journal, f"A good day, the {number}th.") for number in range(2)]
    bad = daybook.post(journal, f"We picked {POISON}.")
    with PoisonedOllama("/api/embed") as ollama:
        running = daybook.worker(
            ready=False,
            ENRICHMENT_OLLAMA_URL=ollama.url,
            ENRICHMENT_CONCURRENCY="1",
            ENRICHMENT_LOST_MAX="1",
            ENRICHMENT_MOOD_METHOD="llm",
        )
        ollama.victim = running
        states = {entry_id: daybook.settled(journal, entry_id) for entry_id in [*good, bad]}
        for entry_id in good:
            assert {one["state"] for one in states[entry_id].values()} == {"done"}, running.log()
        failed = states[bad]["embedding"]
        assert (failed["state"], failed["reason"]) == ("failed", "worker_lost"), running.log()
        assert states[bad]["mood"]["state"] == "done"
        # All three together, and the one alone.
        assert ollama.kills == 2, running.log()
        assert [line["lost_runs"] for line in running.events("task.split")] == [1]
        assert running.metrics()['daybook_worker_lost_runs_total{task="enrichment.embed"}'] == 2

        ollama.victim = None
        answer = daybook.http.post(f"/v1/journals/{journal}/entries/{bad}/reprocess")
        assert answer.is_success, answer.text
        assert {one["state"] for one in daybook.settled(journal, bad).values()} == {"done"}
        running.stop()
