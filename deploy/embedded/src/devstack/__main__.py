"""`python -m devstack up | doctor | gateway ...`: the embedded stack from the command line."""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from devstack.faults import StackFault
from devstack.gateway_commands import run_gateway
from devstack.home import Home
from devstack.locale_choice import choose_locale
from devstack.model_choice import EMBEDDED, ModelChoice, ModelsMissing, choose_models, is_remote_allowed
from devstack.ports import port_of
from devstack.stack_config import StackConfig
from devstack.up import run_up


def main() -> int:
    parser = argparse.ArgumentParser(prog="devstack", description="Daybook on one machine, with nothing else installed")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start everything and show how it is, until Ctrl-C")
    up.add_argument("--port", type=_port, help="of the API; else 8080 where free, else any")
    up.add_argument("--embedded-models", action="store_true", help="use the small models even where Ollama is there")
    up.add_argument("--embedding-model", default="all-minilm", help="in your Ollama (default: %(default)s)")
    up.add_argument("--chat-model", default="llama3.2", help="in your Ollama (default: %(default)s)")
    up.add_argument("--locale", help="whose help lines are shown, such as de-AT (default: the system's)")
    doctor = commands.add_parser("doctor", help="look at the stack that runs, and say what is wrong and what to do")
    doctor.add_argument("--json", action="store_true", help="for programs")
    gateway = commands.add_parser(
        "gateway", help="a command of the gateway, such as `keys list`, beside the stack that runs"
    )
    gateway.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    console = Console()
    home = Path(os.environ.get("DAYBOOK_HOME", ".daybook")).resolve()
    try:
        if options.command == "doctor":
            return run_gateway(Home(home), ["doctor", "--json"] if options.json else ["doctor"])
        if options.command == "gateway":
            return run_gateway(Home(home), options.arguments)
        locale = choose_locale(options.locale, os.environ)
        models = _models(options, console)
        return run_up(StackConfig(home=home, models=models, gateway_port=options.port, locale=locale), console)
    except StackFault as fault:
        Console(stderr=True).print(f"devstack: {fault}", markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130


def _port(text: str) -> int:
    try:
        return port_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _models(options: argparse.Namespace, console: Console) -> ModelChoice:
    if options.embedded_models:
        return EMBEDDED
    try:
        return choose_models(
            os.environ.get("OLLAMA_HOST"),
            embedding_model=options.embedding_model,
            chat_model=options.chat_model,
            allow_remote=is_remote_allowed(os.environ),
        )
    except ModelsMissing as fault:
        if not console.is_terminal:
            raise
        console.print(str(fault), markup=False, highlight=False)
        if console.input("Start with the embedded models now? [y/N] ").strip().lower() != "y":
            raise
        return EMBEDDED


if __name__ == "__main__":
    sys.exit(main())
