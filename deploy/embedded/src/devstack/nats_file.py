"""`python -m devstack.nats_file`: the NATS server's configuration for containers, deploy/nats/nats.conf."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from devstack.nats import MAX_PAYLOAD_BYTES, NatsUser
from devstack.permissions import CLIENT, ENRICHMENT, GATEWAY, INSIGHTS, stack_users

#: The variable that holds a user's password.
PASSWORD_VARIABLES = {
    GATEWAY: "NATS_GATEWAY_PASSWORD",
    ENRICHMENT: "NATS_ENRICHMENT_PASSWORD",
    INSIGHTS: "NATS_INSIGHTS_PASSWORD",
    CLIENT: "NATS_CLIENT_PASSWORD",
}

_HEAD = """\
# Written by `make nats-config` from deploy/embedded/src/devstack/permissions.py: change it there.
# A nats-server in a container reads it: compose.yaml here, a pod elsewhere.

# One line a user, `NATS_GATEWAY_PASSWORD: "..."`: a file of secrets, which stands beside this one. Where that file is
# empty, the variables come from the server's environment.
include ./passwords.conf

server_name: daybook
listen: "0.0.0.0:4222"
# Health, queue lengths and nothing secret; but without a login: publish this port nowhere.
http: "0.0.0.0:8222"

jetstream {
  store_dir: "/data"
  # An acknowledged message must survive a power cut: the default syncs every two minutes.
  sync_interval: always
  # Ids and numbers only, kept for seven days. A full store refuses events, which then wait in PostgreSQL.
  max_file_store: 10GB
  max_memory_store: 256MB
}

# The largest entry, every character of it escaped in JSON, fits with room to spare.
max_payload: %(max_payload)d
# A client that went away without a word is noticed within half a minute.
ping_interval: "10s"
ping_max: 2
# After SIGUSR2 clients are sent away one by one, for this long. It helps where another server takes them.
lame_duck_grace_period: "5s"
lame_duck_duration: "30s"

# Each service may use the subjects that it needs, and no others.
authorization {
  users: [
%(users)s
  ]
}
"""


def container_config() -> str:
    names = {name: f"${variable}" for name, variable in PASSWORD_VARIABLES.items()}
    return _HEAD % {"max_payload": MAX_PAYLOAD_BYTES, "users": "\n".join(map(_login, stack_users(names)))}


def main(arguments: Sequence[str]) -> int:
    """Writes into the file that is named, else to the standard output."""
    match arguments:
        case []:
            sys.stdout.write(container_config())
        case [file]:
            Path(file).write_text(container_config())
        case _:
            sys.stderr.write("usage: python -m devstack.nats_file [FILE]\n")
            return 2
    return 0


def _login(user: NatsUser) -> str:
    """The password is a variable: it stands without quotes. Everything else does not."""
    responses = '\n        allow_responses: {max: 1, expires: "60s"}' if user.answers else ""
    return f"""\
    {{
      user: {json.dumps(user.name)}
      password: {user.password}
      permissions: {{
        publish: {_list(user.publish)}
        subscribe: {_list(user.subscribe)}{responses}
      }}
    }}"""


def _list(subjects: Sequence[str]) -> str:
    lines = "".join(f"          {json.dumps(subject)}\n" for subject in subjects)
    return f"[\n{lines}        ]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
