"""Which of some sentences is nearest to a question.

`python embeddings.py [--url URL] [--model MODEL] QUESTION`
"""

import argparse
import asyncio
import math

from ollama_client import OllamaClient, OllamaConfig

SENTENCES = (
    "We walked along the harbour and counted the boats.",
    "The bread did not rise, and I was cross all day.",
    "My brother wrote that he is coming home in spring.",
)


async def nearest(url: str, model: str, question: str) -> None:
    async with OllamaClient(OllamaConfig(base_url=url)) as ollama:
        # One call for all: vectors come in the order of the texts. Nothing is cut: too long a text is ContextOverflow.
        embeddings = await ollama.embed(model, [question, *SENTENCES])
    asked, *vectors = embeddings.vectors
    # They have length 1, so that the dot product is the cosine.
    scores = [math.fsum(a * b for a, b in zip(asked, vector, strict=True)) for vector in vectors]
    for score, sentence in sorted(zip(scores, SENTENCES, strict=True), reverse=True):
        print(f"{score:+.3f}  {sentence}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:11434")
    parser.add_argument("--model", default="all-minilm")
    parser.add_argument("question", nargs="?", default="Where did we walk, and did we see boats?")
    chosen = parser.parse_args()
    asyncio.run(nearest(chosen.url, chosen.model, chosen.question))


if __name__ == "__main__":
    main()
