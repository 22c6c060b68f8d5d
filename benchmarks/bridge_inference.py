"""How long the model in use takes for what Daybook's tasks ask of it."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from ollama_client import Message, OllamaClient, OllamaConfig

ENTRY = (
    "Rain until noon, then I walked to the harbour with Nora and counted the boats. We spoke of the move again. I was "
    "tired and short with her, and sorry after. In the evening soup, a letter to my brother, a page of the long book."
)


def inference_s(url: str, embedding_model: str, chat_model: str, repeats: int) -> dict[str, float]:
    """Median seconds, by kind of work."""
    return asyncio.run(_measure(url, embedding_model, chat_model, repeats))


async def _measure(url: str, embedding_model: str, chat_model: str, repeats: int) -> dict[str, float]:
    async with OllamaClient(OllamaConfig(base_url=url)) as ollama:

        async def chat(instruction: str, text: str, tokens: int, answer_format: str | None = None) -> None:
            messages = [Message(role="system", content=instruction), Message.user(text)]
            await ollama.chat(
                chat_model, messages, answer_format=answer_format, options={"num_predict": tokens, "temperature": 0.2}
            )

        works: dict[str, Callable[[], Awaitable[object]]] = {
            "embedding, one entry": lambda: ollama.embed(embedding_model, [ENTRY]),
            "embedding, 32 entries": lambda: ollama.embed(embedding_model, [f"{n}. {ENTRY}" for n in range(32)]),
            "mood (JSON, up to 80 tokens)": lambda: chat("Tell the writer's mood as a JSON object.", ENTRY, 80, "json"),
            "reflection (up to 160 tokens)": lambda: chat("Answer this diary entry in a few sentences.", ENTRY, 160),
            "insights (ten entries, up to 240 tokens)": lambda: chat(
                "Summarise these diary entries.", "\n\n".join([ENTRY] * 10), 240
            ),
        }
        medians: dict[str, float] = {}
        for name, work in works.items():
            if repeats > 1:
                await work()  # loads the model
            took: list[float] = []
            for _ in range(repeats):
                began_s = time.perf_counter()
                await work()
                took.append(time.perf_counter() - began_s)
            medians[name] = statistics.median(took)
        return medians
