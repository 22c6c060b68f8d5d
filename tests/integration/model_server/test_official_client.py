"""The official Ollama client is the judge of the embedded model server, over the real small models."""

import asyncio
import json
import time
from collections.abc import Iterator

import httpx
import ollama
import pytest

from support.model_server import ModelServer

CHAT, EMBED = "smollm2:135m", "all-minilm"
HI = [{"role": "user", "content": "Say hi"}]
SHORT = {"num_predict": 6, "temperature": 0}


@pytest.fixture(scope="module")
def client(model_server: ModelServer) -> Iterator[ollama.Client]:
    with ollama.Client(host=model_server.url, timeout=60, trust_env=False) as client:
        yield client


def test_both_models_are_listed_with_their_digests(client: ollama.Client) -> None:
    models = {model.model: model for model in client.list().models}
    assert set(models) == {CHAT, f"{EMBED}:latest"}
    assert all(len(model.digest or "") == 64 for model in models.values())
    details = models[CHAT].details
    assert details is not None
    assert (details.family, details.quantization_level) == ("llama", "Q4_1")


def test_show_tells_what_the_weights_say(client: ollama.Client) -> None:
    shown = client.show(EMBED)
    assert shown.modelinfo is not None
    assert shown.modelinfo["bert.context_length"] == 512
    assert shown.modelinfo["bert.embedding_length"] == 384
    assert shown.capabilities == ["embedding"]
    assert client.show(CHAT).modelinfo["general.architecture"] == "llama"


def test_chat_streams_what_it_says_whole(client: ollama.Client) -> None:
    whole = client.chat(CHAT, HI, options=SHORT)
    parts = list(client.chat(CHAT, HI, options=SHORT, stream=True))
    assert "".join(part.message.content or "" for part in parts) == whole.message.content
    assert whole.done_reason == "length"
    assert whole.eval_count == 6
    assert (whole.prompt_eval_count or 0) > 0
    assert (whole.total_duration or 0) > 0
    assert parts[-1].done
    assert not parts[0].done


def test_generate_takes_a_system_text_and_raw_prompts(client: ollama.Client) -> None:
    assert client.generate(CHAT, "Say hi", system="Be terse", options=SHORT).response
    raw = client.generate(CHAT, "Once upon a time", raw=True, options=SHORT)
    assert raw.response
    assert (raw.prompt_eval_count or 0) < 8
    parts = list(client.generate(CHAT, "Say hi", stream=True, options=SHORT))
    assert parts[-1].done


def test_a_schema_is_kept(client: ollama.Client) -> None:
    schema = {
        "type": "object",
        "properties": {"mood": {"type": "string", "enum": ["joy", "sadness"]}, "valence": {"type": "integer"}},
        "required": ["mood", "valence"],
    }
    answer = client.chat(
        CHAT, [{"role": "user", "content": "I won! mood json"}], format=schema, options={"num_predict": 60, "seed": 1}
    )
    assert set(json.loads(answer.message.content or "")) == {"mood", "valence"}


def test_log_probabilities_come_with_alternatives(client: ollama.Client) -> None:
    answer = client.chat(CHAT, HI, logprobs=True, top_logprobs=2, options=SHORT)
    assert answer.logprobs
    assert len(answer.logprobs[0].top_logprobs or []) == 2


def test_embeddings_are_unit_vectors_in_order(client: ollama.Client) -> None:
    both = client.embed(EMBED, ["a dog barks", "taxes are due"]).embeddings
    assert len(both[0]) == 384
    assert abs(sum(x * x for x in both[0]) - 1) < 1e-6
    alone = client.embed(EMBED, "taxes are due").embeddings[0]
    assert sum(a * b for a, b in zip(both[1], alone, strict=True)) > 0.999
    assert len(client.embed(EMBED, "a", dimensions=64).embeddings[0]) == 64
    assert len(client.embeddings(EMBED, "hi").embedding) == 384


def test_similar_texts_are_near(client: ollama.Client) -> None:
    sea, ocean, tax = client.embed(
        EMBED, ["We swam in the sea", "Bathing in the ocean", "The tax return is due"]
    ).embeddings

    def cosine(a: object, b: object) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))  # type: ignore[call-overload]

    assert cosine(sea, ocean) > cosine(sea, tax) + 0.2


def test_long_inputs_are_cut_or_refused_as_asked(client: ollama.Client) -> None:
    cut = client.embed(EMBED, "word " * 3000)
    assert cut.prompt_eval_count == 512
    with pytest.raises(ollama.ResponseError, match="exceeds the context length") as caught:
        client.embed(EMBED, ["fine", "word " * 3000], truncate=False)
    assert caught.value.status_code == 400


def test_old_messages_are_dropped_to_fit(client: ollama.Client) -> None:
    history = [{"role": "user", "content": "blah " * 5000}, {"role": "assistant", "content": "ok"}, *HI]
    assert (client.chat(CHAT, history, options=SHORT).prompt_eval_count or 0) < 200


@pytest.mark.parametrize(
    ("path", "payload", "status", "text"),
    [
        ("/api/chat", {"model": "nope", "messages": HI}, 404, "model 'nope' not found"),
        ("/api/generate", {"model": "nope", "prompt": "x"}, 404, "model 'nope' not found"),
        ("/api/embed", {"model": "nope", "input": "x"}, 404, 'model "nope" not found, try pulling it first'),
        ("/api/show", {"model": "nope"}, 404, "model 'nope' not found"),
        ("/api/chat", {"messages": HI}, 400, "model is required"),
        ("/api/embed", {"model": EMBED, "input": [1]}, 400, "invalid input type"),
        ("/api/chat", {"model": CHAT, "messages": HI, "format": "xml"}, 500, "invalid format"),
        ("/api/chat", {"model": CHAT, "messages": HI, "format": {"type": "wibble"}}, 400, ""),
        ("/api/chat", {"model": CHAT, "messages": HI, "think": True}, 400, "does not support thinking"),
        ("/api/chat", {"model": CHAT, "messages": HI, "tools": [{}]}, 400, "does not support tools"),
        ("/api/chat", {"model": EMBED, "messages": HI}, 400, "does not support chat"),
        ("/api/chat", {"model": CHAT, "messages": HI, "options": {"seed": "x"}}, 500, "must be of type integer"),
        ("/api/chat", {"model": CHAT, "messages": HI, "keep_alive": "soon"}, 400, "invalid duration"),
        ("/api/chat", {"model": CHAT, "messages": HI, "truncate": False, "options": {"num_ctx": 4}}, 400, "context"),
        ("/api/chat", {"model": CHAT, "messages": "hi"}, 400, "cannot unmarshal string into field messages"),
        ("/api/chat", {"model": CHAT, "messages": ["hi"]}, 400, "each must be an object"),
        ("/api/chat", {"model": 7, "messages": HI}, 400, "cannot unmarshal number into field model"),
        ("/api/embed", {"model": EMBED, "input": "x", "dimensions": True}, 400, "cannot unmarshal bool"),
        ("/api/embed", {"model": EMBED, "input": "x", "truncate": []}, 400, "cannot unmarshal array"),
        ("/api/embed", {"model": CHAT, "input": "x"}, 501, "does not support embeddings"),
        ("/api/generate", {"model": {}, "prompt": "x"}, 400, "cannot unmarshal object"),
        ("/api/generate", {"model": CHAT, "prompt": "x", "suffix": "y"}, 400, "does not support insert"),
        ("/api/generate", {"model": CHAT, "prompt": "x", "raw": True, "system": "y"}, 400, "raw mode"),
        ("/api/pull", {"model": "nope", "stream": False}, 500, "file does not exist"),
        ("/api/copy", {"source": "a", "destination": "b"}, 501, "not supported"),
    ],
)
def test_faults_have_ollamas_status_and_words(
    model_server: ModelServer, path: str, payload: dict[str, object], status: int, text: str
) -> None:
    answer = httpx.post(model_server.url + path, json=payload, trust_env=False, timeout=30)
    assert answer.status_code == status
    assert text in answer.json()["error"]


def test_bodies_that_are_no_requests_are_refused(model_server: ModelServer) -> None:
    def post(body: bytes) -> httpx.Response:
        return httpx.post(f"{model_server.url}/api/chat", content=body, trust_env=False)

    assert post(b"").json() == {"error": "missing request body"}
    assert post(b"{").status_code == 400
    assert post(b"[]").status_code == 400
    assert post(b'{"model": "\xff"}').status_code == 400


def test_what_has_no_route_is_told_as_ollama_does(model_server: ModelServer) -> None:
    absent = httpx.get(f"{model_server.url}/api/zzz", trust_env=False)
    assert (absent.status_code, absent.text) == (404, "404 page not found")
    wrong = httpx.get(f"{model_server.url}/api/chat", trust_env=False)
    assert (wrong.status_code, wrong.text) == (405, "405 method not allowed")
    assert httpx.head(model_server.url, trust_env=False).status_code == 200


def test_half_a_surrogate_pair_is_replaced(model_server: ModelServer) -> None:
    body = b'{"model": "all-minilm", "input": ["half \\ud83d of a smile", "whole \\ud83d\\ude00"]}'
    answer = httpx.post(f"{model_server.url}/api/embed", content=body, trust_env=False, timeout=30)
    assert answer.status_code == 200
    assert len(answer.json()["embeddings"]) == 2


def test_pull_reports_what_is_there_and_what_is_not(client: ollama.Client) -> None:
    assert [step.status for step in client.pull(CHAT, stream=True)][-1] == "success"
    with pytest.raises(ollama.ResponseError, match="file does not exist"):
        list(client.pull("nope", stream=True))


@pytest.mark.parametrize("stream", [True, False])
def test_whoever_hangs_up_frees_the_slot(model_server: ModelServer, client: ollama.Client, stream: bool) -> None:
    # Without sampling it counts on for ever; a sampled story may end after a sentence.
    count = {"model": CHAT, "prompt": "1, 2, 3, 4, 5,", "raw": True, "options": {"num_predict": 3000, "temperature": 0}}
    with (
        pytest.raises(httpx.ReadTimeout),
        httpx.Client(trust_env=False, timeout=0.7) as impatient,
        impatient.stream("POST", f"{model_server.url}/api/generate", json=count | {"stream": stream}) as answer,
    ):
        began_s = time.monotonic()
        for _ in answer.iter_bytes():
            if time.monotonic() - began_s > 0.5:
                raise httpx.ReadTimeout("enough")
    began_s = time.monotonic()
    client.chat(CHAT, HI, options={"num_predict": 2})
    assert time.monotonic() - began_s < 5


def test_models_unload_and_load_when_told(client: ollama.Client) -> None:
    client.generate(CHAT, "", keep_alive=0)
    assert CHAT not in {model.model for model in client.ps().models}
    assert client.generate(CHAT, "").done_reason == "load"
    assert CHAT in {model.model for model in client.ps().models}


async def test_the_async_client_agrees(model_server: ModelServer) -> None:
    client = ollama.AsyncClient(host=model_server.url, timeout=60, trust_env=False)
    answers = await asyncio.gather(*(client.chat(CHAT, HI, options={"num_predict": 3}) for _ in range(4)))
    assert all(answer.done for answer in answers)
    text = ""
    async for part in await client.generate(CHAT, "Say hi", stream=True, options=SHORT):
        text += part.response
    assert text
    assert len((await client.embed(EMBED, ["a", "b"])).embeddings) == 2
    await client.close()


async def test_a_full_queue_says_busy(small_queue_server: ModelServer) -> None:
    payload = {"model": CHAT, "messages": HI, "stream": False, "options": {"num_predict": 60}}
    async with httpx.AsyncClient(base_url=small_queue_server.url, trust_env=False, timeout=60) as http:
        await http.post("/api/generate", json={"model": CHAT})
        answers = await asyncio.gather(*(http.post("/api/chat", json=payload) for _ in range(6)))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) == 3
    busy = "server busy, please try again.  maximum pending requests exceeded"
    assert all(answer.json() == {"error": busy} for answer in refused)
