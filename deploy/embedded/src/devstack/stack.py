"""The whole of Daybook as processes on this machine: stores first, then the gateway, then the workers."""

import secrets
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from devstack.faults import StackFault, StartFailed
from devstack.home import Home
from devstack.nats import NatsServer
from devstack.permissions import CLIENT, ENRICHMENT, GATEWAY, INSIGHTS, inbox_of, new_passwords, stack_users
from devstack.ports import is_free
from devstack.postgres import PostgresServer
from devstack.probing import is_well
from devstack.process import ServerProcess
from devstack.stack_config import StackConfig

FIRST_JOURNAL = "me"
_DATABASE = "daybook"
#: Names the key that gateway and workers share, among the secrets.
_LEXICON = "lexicon"
_CLOCK = "insights-beat"
_READY_S = 90.0
_SETUP_S = 60.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """A process as the status screen shows it."""

    name: str
    process: ServerProcess
    port: int  # 0: it listens on none
    #: Answers below 500 when it is well.
    health_url: str | None


class Stack:
    """`with Stack(config) as stack:` is up inside the block, and stopped in order after it. State stays in its home."""

    def __init__(self, config: StackConfig, *, say: Say = lambda _line: None) -> None:
        self.config = config
        self.home = Home(config.home)
        self.parts: list[Part] = []
        self.journal = FIRST_JOURNAL
        self.ports: dict[str, int] = {}
        self._say = say
        self._environments: dict[str, dict[str, str]] = {}
        self._exit = ExitStack()

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.ports[GATEWAY]}"

    @property
    def monitor_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['nats-monitor']}"

    @property
    def nats_url(self) -> str:
        """With the login of those who only ask the NATS API; their answers arrive at `inbox_of(CLIENT)`."""
        return f"nats://{CLIENT}:{self.home.secrets({})[CLIENT]}@127.0.0.1:{self.ports['nats']}"

    @property
    def database_url(self) -> str:
        return self._environments[GATEWAY]["GATEWAY_DATABASE_URL"]

    @property
    def admin_key(self) -> str:
        return self._key_file("admin").read_text().strip()

    def part(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)

    def restart(self, name: str, *, settings: Mapping[str, str] | None = None) -> None:
        """Stop and start one process, with changed settings where given, and wait until it is well."""
        part = self.part(name)
        part.process.stop()
        part.process.change_env(settings or {})
        self.start_again(name)

    def kill(self, name: str) -> None:
        self.part(name).process.kill()

    def start_again(self, name: str) -> None:
        """Start one process that ended."""
        part = self.part(name)
        part.process.start()
        self._await(part)

    def ensure_key(self, name: str, *, scopes: str, journals: str) -> str:
        """The API key of that name, made if it is not there. `scopes` and `journals`: comma-separated.

        Raises:
            StartFailed: the gateway's command refused.
        """
        file = self._key_file(name)
        flags = ["--name", name, "--scopes", scopes, "--journals", journals, "--key-file", str(file)]
        self._run_gateway(["keys", "ensure", *flags])
        return file.read_text().strip()

    def __enter__(self) -> Self:
        try:
            self._exit.enter_context(self.home.locked())
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """In reverse: who takes work in, who does it, then the stores."""
        for part in reversed(self.parts):
            self._say(f"stopping {part.name}")
            part.process.stop()
        self.home.forget_state()
        self._exit.close()

    def _start(self) -> None:
        fixed = frozenset({GATEWAY}) if self.config.gateway_port else frozenset[str]()
        preferred = {GATEWAY: self.config.gateway_port or 8080}
        preferred |= dict.fromkeys(
            ("nats", "nats-monitor", "postgres", "qdrant", "models", ENRICHMENT, INSIGHTS, _CLOCK), 0
        )
        self.ports = self.home.ports(preferred, fixed=fixed)
        passwords = self.home.secrets({**new_passwords(), _LEXICON: secrets.token_urlsafe(32)})
        nats = NatsServer(
            self.home.folder("nats"),
            log=self.home.log("nats"),
            port=self.ports["nats"],
            monitor_port=self.ports["nats-monitor"],
            users=stack_users(passwords),
        )
        postgres = PostgresServer(
            self.home.folder("postgres"),
            log=self.home.log("postgres"),
            port=self.ports["postgres"],
            durable=self.config.durable,
        )
        self._add(Part("nats", nats.process, nats.port, f"{self.monitor_url}/healthz"), nats.start)
        self._add(Part("postgres", postgres.process, postgres.port, None), postgres.start)
        self._serve_module("qdrant", ["devstack.qdrant", "--data", str(self.home.folder("qdrant"))], health="/readyz")
        if self.config.models.url is None:
            threads = str(self.config.model_threads)
            command = ["devstack.ollama", "--data", str(self.home.folder("models")), "--threads", threads]
            self._serve_module("models", command, health="/api/version")
        self._prepare_services(nats, postgres)
        self._set_up()
        self._check_gateway_port()
        self._serve_module(GATEWAY, ["gateway", "serve"], health="/readyz", port_flag=False)
        for worker, module in ((ENRICHMENT, "enrichment_worker"), (INSIGHTS, "insights_worker")):
            self._serve_module(worker, [module, "work"], health="/readyz", port_flag=False)
        self._serve_module(_CLOCK, ["insights_worker", "beat"], health="/healthz", port_flag=False)
        self._first_journal()
        # The file is its owner's alone, and gone with the stack.
        admin = str(self._key_file("admin"))
        settings = self._environments[GATEWAY]
        self.home.write_state({"gateway_url": self.gateway_url, "key_file": admin, "gateway_settings": settings})

    def _prepare_services(self, nats: NatsServer, postgres: PostgresServer) -> None:
        models = self.config.models
        model_url = models.url or f"http://127.0.0.1:{self.ports['models']}"
        qdrant_url = f"http://127.0.0.1:{self.ports['qdrant']}"
        lexicon_key = self.home.secrets({})[_LEXICON]
        self._environments = {
            GATEWAY: {
                "GATEWAY_HTTP_PORT": str(self.ports[GATEWAY]),
                "GATEWAY_DATABASE_URL": postgres.create_database(_DATABASE),
                "GATEWAY_NATS_URL": nats.url_of(GATEWAY),
                "GATEWAY_OLLAMA_URL": model_url,
                "GATEWAY_EMBEDDING_MODEL": models.embedding_model,
                "GATEWAY_CHAT_MODEL": models.chat_model,
                "GATEWAY_QDRANT_URL": qdrant_url,
                "GATEWAY_LEXICON_KEY": lexicon_key,
                **self.config.locale.settings,
            },
            ENRICHMENT: {
                "ENRICHMENT_NATS_URL": nats.url_of(ENRICHMENT),
                "ENRICHMENT_LEXICON_KEY": lexicon_key,
                "ENRICHMENT_NATS_INBOX_PREFIX": inbox_of(ENRICHMENT),
                "ENRICHMENT_GATEWAY_KEY_FILE": str(self._key_file(ENRICHMENT)),
                "ENRICHMENT_OLLAMA_URL": model_url,
                "ENRICHMENT_EMBEDDING_MODEL": models.embedding_model,
                "ENRICHMENT_CHAT_MODEL": models.chat_model,
                "ENRICHMENT_MOOD_METHOD": models.mood_method,
                "ENRICHMENT_QDRANT_URL": qdrant_url,
                "ENRICHMENT_METRICS_PORT": str(self.ports[ENRICHMENT]),
            },
            INSIGHTS: {
                "INSIGHTS_NATS_URL": nats.url_of(INSIGHTS),
                "INSIGHTS_NATS_INBOX_PREFIX": inbox_of(INSIGHTS),
                "INSIGHTS_GATEWAY_KEY_FILE": str(self._key_file(INSIGHTS)),
                "INSIGHTS_OLLAMA_URL": model_url,
                "INSIGHTS_EMBEDDING_MODEL": models.embedding_model,
                "INSIGHTS_CHAT_MODEL": models.chat_model,
                # The embedded chat model invents and repeats (docs/quality.md): better none than such a reflection.
                "INSIGHTS_REFLECTION_CHECKED": "true" if models.url is None else "false",
                "INSIGHTS_QDRANT_URL": qdrant_url,
                "INSIGHTS_METRICS_PORT": str(self.ports[INSIGHTS]),
                "INSIGHTS_BEAT_METRICS_PORT": str(self.ports[_CLOCK]),
            },
        }
        for service, extra in self.config.settings.items():
            self._environments[service].update(extra)

    def _set_up(self) -> None:
        """Schema, streams and keys: idempotent commands of the gateway."""
        self.home.folder("keys").chmod(0o700)
        for command in ("migrate", "topology"):
            self._say(f"gateway {command}")
            self._run_gateway([command])
        self._say("gateway keys ensure")
        for name, scopes in (("admin", "read,write,admin"), (ENRICHMENT, "enrich"), (INSIGHTS, "enrich")):
            self.ensure_key(name, scopes=scopes, journals="*")

    def _check_gateway_port(self) -> None:
        """Chosen at the beginning, listened on seconds later: two stacks that start together both prefer 8080."""
        if is_free(self.ports[GATEWAY]):
            return
        self.ports[GATEWAY] = self.home.move_port(GATEWAY, is_fixed=self.config.gateway_port is not None)
        self._environments[GATEWAY]["GATEWAY_HTTP_PORT"] = str(self.ports[GATEWAY])

    def _run_gateway(self, command: list[str]) -> None:
        setup = ServerProcess(
            "gateway setup",
            [sys.executable, "-m", "gateway", *command],
            log=self.home.log("setup"),
            env=self._environments[GATEWAY],
        )
        setup.start()
        deadline_s = time.monotonic() + _SETUP_S
        while setup.running and time.monotonic() < deadline_s:
            time.sleep(0.02)
        if setup.exit_code != 0:
            setup.kill()
            raise StartFailed(f"gateway {command[0]}", setup.log_tail(), setup.log)

    def _serve_module(self, name: str, command: list[str], *, health: str | None, port_flag: bool = True) -> None:
        port = self.ports.get(name, 0)
        process = ServerProcess(
            name,
            [sys.executable, "-m", *command, *(["--port", str(port)] if port_flag else [])],
            log=self.home.log(name),
            env=self._environments.get(INSIGHTS if name == _CLOCK else name),
            stop_s=40.0,
        )
        part = Part(name, process, port, f"http://127.0.0.1:{port}{health}" if health else None)

        def start() -> None:
            process.start()
            self._await(part)

        self._add(part, start)

    def _add(self, part: Part, start: Callable[[], object]) -> None:
        self._say(f"starting {part.name}")
        self.parts.append(part)
        start()

    def _await(self, part: Part) -> None:
        url = part.health_url
        if url is not None:
            part.process.wait_until(lambda: is_well(url), within_s=_READY_S)

    def _first_journal(self) -> None:
        answer = httpx.put(
            f"{self.gateway_url}/v1/journals/{FIRST_JOURNAL}",
            headers={"Authorization": f"Bearer {self.admin_key}"},
            trust_env=False,
            timeout=30,
        )
        if answer.is_error:
            raise StackFault(f"the first journal could not be made: {answer.status_code} {answer.text[:200]}")

    def _key_file(self, name: str) -> Path:
        return self.home.folder("keys") / name
