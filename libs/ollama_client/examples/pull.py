"""A model is downloaded by the server, with a bar for each of its layers.

`python pull.py [--url URL] MODEL`
"""

import argparse
import asyncio
import sys

from ollama_client import OllamaClient, OllamaConfig, OllamaError, PullProgress

WIDTH = 30


def bar(step: PullProgress) -> str:
    share = step.completed / step.total
    filled = round(WIDTH * share)
    return f"{step.digest[:19]:19} [{'#' * filled}{'.' * (WIDTH - filled)}] {share:4.0%} of {step.total / 1e6:,.1f} MB"


async def pull(url: str, model: str) -> None:
    # Hours are fine as long as something happens: the total limit is the one to raise.
    config = OllamaConfig(base_url=url, total_timeout_s=6 * 3600)
    async with OllamaClient(config) as ollama, ollama.pull_model(model) as progress:
        layer = ""
        async for step in progress:
            if layer and step.digest != layer:
                print()
            layer = step.digest if step.total else ""
            print(f"\r{bar(step)}" if step.total else step.status, end="" if step.total else "\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:11434")
    parser.add_argument("model", nargs="?", default="all-minilm")
    chosen = parser.parse_args()
    try:
        asyncio.run(pull(chosen.url, chosen.model))
    except OllamaError as error:
        sys.exit(f"\n{error}")


if __name__ == "__main__":
    main()
