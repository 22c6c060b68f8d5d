"""Queries out of `.sql` files: `-- name: verb_noun` opens a block, the comment under it says when it is called."""

import re
from functools import cache
from importlib import resources

_BLOCK = re.compile(r"^-- name: (\w+)\n((?:--[^\n]*\n)+)(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


def query(file: str, name: str) -> str:
    """The statement `name` of `sql/<file>.sql`.

    Raises:
        KeyError: there is none.
    """
    return _blocks(file)[name]


def statement_names() -> dict[str, str]:
    """Statement -> its name, of all files. Names are unique over all of them."""
    folder = resources.files("gateway.db").joinpath("sql")
    files = sorted(path.name.removesuffix(".sql") for path in folder.iterdir() if path.name.endswith(".sql"))
    return {statement: name for file in files for name, statement in _blocks(file).items()}


@cache
def _blocks(file: str) -> dict[str, str]:
    text = resources.files("gateway.db").joinpath("sql", f"{file}.sql").read_text()
    blocks = {match[1]: match[3].strip() for match in _BLOCK.finditer(text)}
    # A block without a comment would vanish from the pattern: say so instead.
    assert len(blocks) == text.count("-- name: "), f"{file}.sql: every block needs a name of its own and a comment"
    return blocks
