"""`make secrets`: the passwords and keys that compose.yaml hands to its containers as files. Needs Python alone.

    python3 deploy/make_secrets.py [FOLDER] [--rotate GROUP ...]

What is there is never overwritten: a second run only adds what is missing. `--rotate` replaces one group by new ones.
Nothing secret is printed.

Who can read them: the folder is for its owner alone (0700), and the files inside are readable (0444). A container
engine mounts single files, past the folder, into containers that run as other users than the owner, and these must be
able to read them. So no file need change its owner and no step needs root, and other users of this machine still see
nothing.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

DATABASE = USER = "daybook"
#: NATS user -> the variable of deploy/nats/nats.conf that holds its password, and the file with its URL.
NATS_USERS = {
    "gateway": ("NATS_GATEWAY_PASSWORD", "gateway_nats_url"),
    "enrichment-worker": ("NATS_ENRICHMENT_PASSWORD", "enrichment_nats_url"),
    "insights-worker": ("NATS_INSIGHTS_PASSWORD", "insights_nats_url"),
    "client": ("NATS_CLIENT_PASSWORD", "client_nats_url"),
}

Files = dict[str, str]


class SecretsFault(Exception):
    """Told to the operator; nothing was changed."""


def _word() -> str:
    """256 random bits that need no quotes in a URL, in YAML or in a server's configuration."""
    return secrets.token_hex(32)


def _postgres() -> Files:
    password = _word()
    url = f"postgresql://{USER}:{password}@postgres:5432/{DATABASE}"
    return {"postgres_password": password, "gateway_database_url": url}


def _nats() -> Files:
    passwords = {name: _word() for name in NATS_USERS}
    lines = [f'{variable}: "{passwords[name]}"' for name, (variable, _file) in NATS_USERS.items()]
    urls = {file: f"nats://{name}:{passwords[name]}@nats:4222" for name, (_variable, file) in NATS_USERS.items()}
    return {"nats_passwords": "\n".join(lines), **urls}


def _qdrant() -> Files:
    key = _word()
    return {"qdrant_api_key": key, "qdrant_config": f"service:\n  api_key: {key}"}


def _api_key(file: str) -> Callable[[], Files]:
    """As the gateway mints them: services/gateway/src/gateway/service/keys.py."""
    return lambda: {file: f"dbk_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"}


#: What is made together, since one file tells what another holds.
GROUPS: dict[str, Callable[[], Files]] = {
    "postgres": _postgres,
    "nats": _nats,
    "qdrant": _qdrant,
    "lexicon": lambda: {"lexicon_key": _word()},
    "admin-key": _api_key("admin_key"),
    "enrichment-key": _api_key("enrichment_gateway_key"),
    "insights-key": _api_key("insights_gateway_key"),
    "grafana": lambda: {"grafana_admin_password": _word()},
}
#: Where a new file alone would break what there is, and what helps.
NOT_ROTATED = {
    "postgres": "PostgreSQL keeps its password in the database: docs/compose.md says how to change both",
    "lexicon": "words are indexed under this key: docs/compose.md says how to index all of them again",
    "grafana": "Grafana keeps its password in its own volume: change it there, under Profile",
}


def ensure(folder: Path, *, rotate: frozenset[str] = frozenset()) -> list[str]:
    """Names of the files that were written; the others were there.

    Raises:
        SecretsFault: part of a group is missing, or a group cannot be rotated. Nothing was written then.
        OSError: the folder cannot be written.
    """
    for name in rotate & NOT_ROTATED.keys():
        raise SecretsFault(f"{name} is not rotated by a new file. {NOT_ROTATED[name]}")
    drafts: dict[str, Files] = {}
    for name, make in GROUPS.items():
        files = make()
        there = [file for file in files if (folder / file).exists()]
        if not there or name in rotate:
            drafts[name] = files
        elif len(there) < len(files):
            missing = ", ".join(sorted(files.keys() - there))
            raise SecretsFault(
                f"{folder}: {missing} missing beside {', '.join(there)}; restore or remove these together"
            )
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return [_write(folder / file, text) for files in drafts.values() for file, text in files.items()]


def _write(path: Path, text: str) -> str:
    """All of it or nothing. A container that has the file already keeps the old one until it is made anew."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(0o444)
    draft.replace(path)
    return path.name


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 done, 1 not done, and why is told."""
    parser = argparse.ArgumentParser(
        description="Make the secrets that compose.yaml mounts; keep those that are there."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("secrets"))
    parser.add_argument("--rotate", action="append", default=[], choices=list(GROUPS), help="make this group anew")
    options = parser.parse_args(arguments)
    try:
        written = ensure(options.folder, rotate=frozenset(options.rotate))
    except (SecretsFault, OSError) as fault:
        sys.stderr.write(f"secrets: {fault}\n")
        return 1
    sys.stdout.write(f"{options.folder}/: {', '.join(written) or 'all there'}\n")
    if options.rotate:
        sys.stdout.write("Now `docker compose up -d --force-recreate` has every container read the new ones.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
