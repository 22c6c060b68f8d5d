"""An answer shown while it is written; what a model thinks first is shown in brackets.

`python streaming.py [--url URL] [--model MODEL] QUESTION`
"""

import argparse
import asyncio

from ollama_client import Message, OllamaClient, OllamaConfig


async def answer(url: str, model: str, question: str) -> None:
    async with (
        OllamaClient(OllamaConfig(base_url=url)) as ollama,
        ollama.chat_stream(model, [Message.user(question)]) as chunks,
    ):
        thought = False
        async for chunk in chunks:
            if chunk.thinking and not thought:
                print("[", end="")
            if chunk.text and thought:
                print("]")
            thought = bool(chunk.thinking)
            print(chunk.thinking or chunk.text, end="", flush=True)
            if chunk.done:
                seconds = chunk.eval_duration_ns / 1e9
                print(f"\n{chunk.eval_count} tokens in {seconds:.2f} s, ended by {chunk.done_reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:11434")
    parser.add_argument("--model", default="llama3.2")
    parser.add_argument("question", nargs="?", default="Why does the tide come twice a day?")
    chosen = parser.parse_args()
    asyncio.run(answer(chosen.url, chosen.model, chosen.question))


if __name__ == "__main__":
    main()
