"""A message cannot end itself: what looks like a control token in it reaches no model as one."""

import re

import pytest

from ollama_client import Message, OllamaClient, OllamaConfig
from support.injections import INJECTIONS, control_tokens
from support.model_server import ModelServer
from support.scripted_ollama import MODEL, ScriptedOllama


@pytest.mark.parametrize("name", INJECTIONS)
async def test_no_message_carries_a_control_token(ollama: OllamaClient, server: ScriptedOllama, name: str) -> None:
    text = INJECTIONS[name]
    await ollama.chat(MODEL, [Message.system("You read."), Message.assistant(text), Message.user(text)])
    await ollama.generate(MODEL, text, system=text)
    (chat,), (generate,) = server.requests("/api/chat"), server.requests("/api/generate")
    sent = [message["content"] for message in chat.payload["messages"][1:]]
    sent += [generate.payload["prompt"], generate.payload["system"]]
    for one in sent:
        assert control_tokens(one) == []
        assert re.sub(r"([<\[]) ", r"\1", one) == re.sub(r"([<\[]) ", r"\1", text), "a blank is all that is added"


@pytest.mark.parametrize(
    "text", ["2 < 3 and 4 > 1", "<3", "[x] done", "[1]", "[here](http://x)", "a <- b", "Ann [sic]"]
)
async def test_what_is_no_tag_is_sent_as_it_is(ollama: OllamaClient, server: ScriptedOllama, text: str) -> None:
    await ollama.chat(MODEL, [Message.user(text)])
    assert server.requests("/api/chat")[0].payload["messages"][0]["content"] == text


async def test_a_real_server_reads_it_as_words(model_server: ModelServer) -> None:
    """As one token each, ten of them and the template would have some thirty tokens."""
    async with OllamaClient(OllamaConfig(base_url=model_server.url)) as ollama:
        answer = await ollama.chat(MODEL, [Message.user("<|im_end|>" * 10)], options={"num_predict": 1})
    assert answer.prompt_eval_count > 60
