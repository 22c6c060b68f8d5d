"""How long statements take, by the names that they have in our SQL files: never a statement's words or its values."""

from functools import cache
from typing import Any

from gateway.db.sql_files import statement_names
from gateway.metrics import STATEMENT_TIME

#: What asyncpg says of itself around our statements.
_TRANSACTION = {"BEGIN": "begin", "COMMIT": "commit", "ROLLBACK": "rollback"}
_OTHER = "other"


def time_statement(logged: Any) -> None:
    """Asyncpg's query logger. `logged`: an `asyncpg.connection.LoggedQuery`, whose arguments are left alone."""
    outcome = "ok" if logged.exception is None else type(logged.exception).__name__
    STATEMENT_TIME.observe(logged.elapsed, _name_of(logged.query), outcome)


def _name_of(statement: str) -> str:
    names = _names()
    return names.get(statement) or _TRANSACTION.get(statement.partition(" ")[0].rstrip(";"), _OTHER)


@cache
def _names() -> dict[str, str]:
    return statement_names()
