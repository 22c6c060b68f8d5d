"""PostgreSQL: the only room that knows asyncpg. Connections in, values out; no policy."""
