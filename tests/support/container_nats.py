"""A real nats-server with the configuration that containers give it, deploy/nats/nats.conf."""

from pathlib import Path

from devstack.nats import NatsServer, NatsUser
from devstack.nats_file import PASSWORD_VARIABLES
from devstack.ports import free_port

COMMITTED = Path(__file__).parents[2] / "deploy" / "nats" / "nats.conf"


class ContainerNats(NatsServer):
    """The committed file as it is, but for its ports and its store: a test has no container of its own."""

    def __init__(self, directory: Path, *, users: tuple[NatsUser, ...]) -> None:
        self._monitor = free_port()
        super().__init__(directory, users=users, monitor_port=self._monitor)

    @property
    def monitor_url(self) -> str:
        return f"http://127.0.0.1:{self._monitor}"

    def _configuration(self) -> str:
        passwords = self._directory / "passwords.conf"
        passwords.write_text("".join(f'{PASSWORD_VARIABLES[user.name]}: "{user.password}"\n' for user in self._users))
        config = COMMITTED.read_text()
        for line, own in (
            ('listen: "0.0.0.0:4222"', f'listen: "127.0.0.1:{self.port}"'),
            ('http: "0.0.0.0:8222"', f'http: "127.0.0.1:{self._monitor}"'),
            ('store_dir: "/data"', f'store_dir: "{self._directory / "jetstream"}"'),
        ):
            assert config.count(line) == 1, line
            config = config.replace(line, own)
        return config
