"""An answer as a value of a type, whatever the model would rather have said.

`python structured.py [--url URL] [--model MODEL] ENTRY`
"""

import argparse
import asyncio
import json
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ollama_client import InvalidAnswer, Message, OllamaClient, OllamaConfig

Percent = Annotated[int, Field(ge=0, le=100)]


class Feeling(BaseModel):
    label: Literal["calm", "happy", "sad", "angry", "anxious"]
    intensity: Percent


class Mood(BaseModel):
    """Evidence before verdict: properties are written in this order."""

    emotions: list[Feeling]
    #: An integer: the server's grammar holds the range of integers only.
    valence: Annotated[int, Field(ge=-100, le=100)]


#: The server enforces the schema and does not show it to the model, so it is told too.
INSTRUCTION = (
    f"Tell the mood of the diary entry as JSON that satisfies this schema: {json.dumps(Mood.model_json_schema())}"
)


async def feel(url: str, model: str, entry: str) -> None:
    async with OllamaClient(OllamaConfig(base_url=url)) as ollama:
        try:
            answer = await ollama.structured(
                model,
                [Message.system(INSTRUCTION), Message.user(entry)],
                Mood,
                options={"temperature": 0, "num_predict": 200},
            )
        except InvalidAnswer as error:
            print(f"no mood: {error.faults}")
            return
    for felt in answer.value.emotions:
        print(f"{felt.label}: {felt.intensity} %")
    print(f"valence {answer.value.valence}, after a repair: {'yes' if answer.repaired else 'no'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:11434")
    parser.add_argument("--model", default="llama3.2")
    parser.add_argument(
        "entry", nargs="?", default="Rain until noon, then the harbour with Nora. I was short with her."
    )
    chosen = parser.parse_args()
    asyncio.run(feel(chosen.url, chosen.model, chosen.entry))


if __name__ == "__main__":
    main()
