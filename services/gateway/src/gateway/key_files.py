"""API keys in files, for programs on the same machine."""

import os
import secrets
from pathlib import Path

from gateway.service.keys import mint_key


def read_or_mint(path: Path) -> str:
    """The key in `path`; a new one, written there for the owner's eyes only, if there is no such file.

    Raises:
        OSError: the file cannot be read or made.
    """
    if path.exists():
        return path.read_text().strip()
    key = mint_key()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key + "\n")
    try:
        # A link, not a rename: of two that mint at once, one wins and both read its key.
        path.hardlink_to(draft)
    except FileExistsError:
        return path.read_text().strip()
    finally:
        draft.unlink()
    return key
