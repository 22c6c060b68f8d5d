"""`python -m devstack.demo`: the demo from the command line."""

import argparse
import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from devstack.demo.run import run_demo
from devstack.faults import StackFault
from devstack.model_choice import EMBEDDED, choose_models
from devstack.stack_config import StackConfig


def main() -> int:
    parser = argparse.ArgumentParser(prog="devstack.demo", description="Forty diary entries through the whole stack")
    parser.add_argument(
        "--embedded-models", action="store_true", help="use the small models even where Ollama is there"
    )
    parser.add_argument("--embedding-model", default="all-minilm", help="in your Ollama (default: %(default)s)")
    parser.add_argument("--chat-model", default="llama3.2", help="in your Ollama (default: %(default)s)")
    options = parser.parse_args()
    # A stack of the demo's own is stopped in order by either signal.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        models = (
            EMBEDDED
            if options.embedded_models
            else choose_models(
                os.environ.get("OLLAMA_HOST"), embedding_model=options.embedding_model, chat_model=options.chat_model
            )
        )
        home = Path(os.environ.get("DAYBOOK_HOME", ".daybook")).resolve()
        return run_demo(StackConfig(home=home, models=models), Console())
    except StackFault as fault:
        Console(stderr=True).print(f"devstack: {fault}", markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
