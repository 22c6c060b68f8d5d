"""How good are moods, search and reflections? See docs/quality.md for what is measured and what cannot be.

Texts of real people are read from `../shared/data/journal_texts.jsonl` where it is present; ours are always there.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from evaluation.page import report, write
from evaluation.run import Chat, Plan, evaluate
from evaluation.texts import JOURNAL

from devstack.model_choice import EMBEDDED_CHAT, EMBEDDED_EMBEDDING
from devstack.ports import free_port
from devstack.process import ServerProcess
from devstack.qdrant.server import QdrantServer

ROOT = Path(__file__).parents[1]
LIMIT = 24
_READY_S = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--limit", type=int, default=LIMIT, help="moods asked of each chat model; 0 asks for all")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of texts")
    parser.add_argument(
        "--models", nargs="+", default=[], metavar="URL/MODEL", help="chat models of an Ollama that runs"
    )
    parser.add_argument("--embedding-model", default=EMBEDDED_EMBEDDING, help="of the first URL's server")
    parser.add_argument("--no-chat", action="store_true", help="embeddings only: quick")
    parser.add_argument("--journal", type=Path, default=JOURNAL, help="JSON lines with `text` and `emotions`")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the figures between the marks of this page")
    options = parser.parse_args()
    if not options.journal.exists():
        print("texts of real people are not present: only our own are judged", file=sys.stderr)
    chats = [chat_of(value) for value in options.models]
    with TemporaryDirectory(prefix="daybook-quality-") as directory:
        home = Path(directory)
        with model_server(home, needed=not chats) as url, QdrantServer(home / "qdrant") as qdrant:
            chats = chats or [Chat(url, EMBEDDED_CHAT)]
            plan = Plan(
                embedding=Chat(chats[0].url, options.embedding_model),
                chats=[] if options.no_chat else chats,
                journal=options.journal,
                limit=options.limit,
                seed=options.seed,
            )
            figures = asyncio.run(evaluate(plan, qdrant.url))
    text = report(figures, command(options))
    print(text)
    if options.write:
        write(options.write, text)


def command(options: argparse.Namespace) -> str:
    """By which the same texts and models are chosen; paths say nothing to a reader of the page."""
    flags = [f"--limit {options.limit}"] if options.limit != LIMIT else []
    flags += [f"--seed {options.seed}"] if options.seed != 1 else []
    flags += ["--models " + " ".join(options.models)] if options.models else []
    flags += [f"--embedding-model {options.embedding_model}"] if options.embedding_model != EMBEDDED_EMBEDDING else []
    flags += ["--no-chat"] if options.no_chat else []
    return f'make eval FLAGS="{" ".join(flags)}"' if flags else "make eval"


def chat_of(value: str) -> Chat:
    """From `http://host:port/model`; a model's name may have slashes."""
    parts = urlsplit(value)
    model = parts.path.strip("/")
    if not parts.netloc or not model:
        raise SystemExit(f"--models wants http://host:port/model, not {value!r}")
    return Chat(f"{parts.scheme}://{parts.netloc}", model)


@contextmanager
def model_server(home: Path, *, needed: bool) -> Iterator[str]:
    if not needed:
        yield ""
        return
    port = free_port()
    data = str(ROOT / ".daybook/models")
    command = [sys.executable, "-m", "devstack.ollama", "--data", data, "--port", str(port), "--threads", "2"]
    server = ServerProcess("models", command, log=home / "models.log")
    server.start()
    try:
        server.wait_until(lambda: "listening on" in (home / "models.log").read_text(), within_s=_READY_S)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


if __name__ == "__main__":
    main()
