"""Erasing: gone from the API at once, and from the disk as soon as the stores have tidied up."""

import asyncio
import os
import time
from pathlib import Path

import asyncpg


def test_an_erased_entry_leaves_no_word_behind(stack, journal):
    kept = journal.post("The apples are ripe.", tags=["orchard"])
    body = "Zyxomaquine was the name my brother gave to the stray dog."
    posted = journal.post(body, tags=["quibblefrast"], metadata={"place": "Wulvershom"})
    journal.done(kept["id"])
    journal.done(posted["id"])
    assert posted["id"] in journal.ids_found("the name of a dog")

    assert journal.request("DELETE", f"/entries/{posted['id']}").status_code == 204

    assert journal.get(posted["id"]).status_code == 404
    assert journal.ids_found("the name of a dog") == [kept["id"]]
    assert [entry["id"] for entry in journal.listed()] == [kept["id"]]

    # The promise: PostgreSQL's tables forget with their next full vacuum, the index within seconds by itself, NATS and
    # the logs never knew. PostgreSQL's write-ahead log is left out: it is overwritten as it is recycled.
    asyncio.run(_vacuum(stack.database_url))
    words = [b"Zyxomaquine", b"quibblefrast", b"Wulvershom"]
    deadline_s = time.monotonic() + 30
    while found := _files_with(stack, words):
        assert time.monotonic() < deadline_s, found
        time.sleep(0.2)


def test_the_search_for_words_on_disk_can_find_some(stack, journal):
    posted = journal.post("Brindlewockle stays.", tags=["snorvelthump"])
    journal.done(posted["id"])
    asyncio.run(_vacuum(stack.database_url))

    places = _files_with(stack, [b"Brindlewockle", b"snorvelthump"])

    assert {place.split("/")[0] for place in places} == {"postgres", "qdrant"}


async def _vacuum(database_url):
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("VACUUM FULL")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def _files_with(stack, words):
    """Files of the stores and logs that hold any of `words`, relative to the stack's folder."""
    found = []
    for part in ("qdrant", "nats", "postgres", "logs"):
        # Not rglob: what is tidied away while we look is no error.
        for folder, _folders, names in os.walk(stack.home.path / part):
            found += [
                str(file.relative_to(stack.home.path)) for name in names if _holds(file := Path(folder, name), words)
            ]
    return found


def _holds(file, words):
    if "pg_wal" in file.parts:
        return False
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return False
    return any(word in content for word in words)
