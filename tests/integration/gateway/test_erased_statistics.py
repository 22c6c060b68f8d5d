import asyncpg

from gateway.db.migrations import migrate
from support.backends.postgres import PostgresServer


async def test_the_planners_statistics_hold_no_word_of_an_entry(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database("statistics")
    await migrate(url)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("INSERT INTO journals (name) VALUES ('mine')")
        await connection.execute(
            "INSERT INTO entries (id, journal, revision, body, written_at, written_at_offset_s, tags, metadata)"
            " SELECT gen_random_uuid(), 'mine', 1, 'quokka', now(), 0, ARRAY['quokka'], '{\"a\": \"quokka\"}'"
            " FROM generate_series(1, 500)"
        )
        await connection.execute("ANALYZE entries")
        kept = await connection.fetch(
            "SELECT attname, concat(most_common_vals::text, histogram_bounds::text, most_common_elems::text) AS held"
            " FROM pg_stats WHERE tablename = 'entries'"
        )
    finally:
        await connection.close()
    assert {row["attname"] for row in kept} >= {"journal", "written_at"}
    assert "quokka" not in repr(kept)
