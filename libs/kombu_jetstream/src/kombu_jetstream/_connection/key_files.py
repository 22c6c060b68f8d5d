"""Files that hold a user's key: an nkey seed alone, or a JWT with a seed (`.creds`)."""

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kombu_jetstream.errors import InvalidOption

_SECTION = re.compile(r"-{3,}\s*BEGIN (NATS USER JWT|USER NKEY SEED)\s*-{3,}\s+(\S+)\s+-{3,}\s*END", re.ASCII)


@dataclass(frozen=True)
class UserKey:
    """An nkey of a user."""

    seed: str = field(repr=False)

    def sign(self, nonce: str) -> bytes:
        """The signature of the server's nonce, in base64."""
        return base64.b64encode(_key_pair(self.seed).sign(nonce.encode()))


def read_seed(path: str) -> UserKey:
    """The user's nkey in a file that holds its seed and nothing else.

    Raises:
        InvalidOption: there is no such file, or it holds something else.
    """
    return _user_key("nkey_seed", path, _text("nkey_seed", path).strip())


def read_credentials(path: str) -> tuple[str, UserKey]:
    """(JWT, key) of a `.creds` file as `nsc` writes it.

    nats-py has a reader of its own, which never ends on a file without a JWT.

    Raises:
        InvalidOption: there is no such file, or it lacks one of the two.
    """
    found = dict(_SECTION.findall(_text("credentials", path)))
    for section in ("NATS USER JWT", "USER NKEY SEED"):
        if section not in found:
            raise InvalidOption("credentials", f"{path} has no section BEGIN {section}; is it a .creds file?")
    return found["NATS USER JWT"], _user_key("credentials", path, found["USER NKEY SEED"])


def _text(option: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="ascii")
    except OSError as error:
        raise InvalidOption(option, f"cannot read {path}: {error.strerror}") from error
    except ValueError:
        # The cause would repeat what was read.
        raise InvalidOption(option, f"{path} is not a text file of keys") from None


def _user_key(option: str, path: str, seed: str) -> UserKey:
    try:
        _key_pair(seed)
    except ImportError as error:
        raise InvalidOption(option, "needs the package nkeys: install daybook-kombu-jetstream[nkeys]") from error
    except Exception:  # noqa: BLE001 - nkeys raises its own errors, binascii's, PyNaCl's and IndexError
        # The cause may repeat what was read.
        raise InvalidOption(option, f"{path} does not hold the seed of an nkey (S...)") from None
    if not seed.startswith("SU"):
        raise InvalidOption(option, f"{path} holds the seed of something other than a user (SU...)")
    return UserKey(seed)


def _key_pair(seed: str) -> Any:
    # Only these logins need the package, an extra of ours.
    import nkeys

    return nkeys.from_seed(bytearray(seed.encode()))
