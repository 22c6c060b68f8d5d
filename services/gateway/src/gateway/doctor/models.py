"""Ollama and Qdrant: is the model server there with its models, and does the index hold that model's vectors."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from entry_index import EntryIndex, EntryIndexError, IndexAccessDenied, IndexConfig, IndexContents
from gateway.doctor.findings import Check, Finding, fail, ok, warn
from ollama_client import InstalledModel, OllamaClient, OllamaConfig, OllamaError, RemoteAddressRefused, tagged_name

_TIMEOUT_S = 5.0


def models_check(ollama: OllamaConfig, *, embedding_model: str, chat_model: str | None, context_tokens: int) -> Check:
    async def run() -> Iterable[Finding]:
        try:
            async with OllamaClient(_hurried(ollama)) as client:
                found = [ok(f"Ollama {await client.version()}")]
                installed = {model.name: model for model in await client.list_models()}
                found += _missing(installed, embedding_model, "nothing is indexed and searches find by words alone")
                if chat_model is None:
                    return [*found, ok("no chat model is set: questions are not answered")]
                missing = _missing(installed, chat_model, "questions are not answered")
                found += missing
                if missing[0].state == "ok":
                    found += _context(chat_model, (await client.show_model(chat_model)).context_tokens, context_tokens)
                return found
        except RemoteAddressRefused:
            return [
                fail(
                    "the address of Ollama is neither this machine nor a private network: no text is sent there",
                    "set GATEWAY_OLLAMA_URL to a server of yours, or GATEWAY_OLLAMA_ALLOW_REMOTE if texts may go there",
                )
            ]
        except OllamaError as error:
            return [
                fail(
                    f"Ollama does not answer ({type(error).__name__})",
                    "start it (an Ollama of yours: `ollama serve`; the embedded models of `make up` start again by "
                    "themselves, or models.log says why not), or correct GATEWAY_OLLAMA_URL",
                )
            ]

    return Check("models", run, "see Ollama's own log", deadline_s=15.0)


def index_check(index: IndexConfig, ollama: OllamaConfig, *, embedding_model: str) -> Check:
    async def run() -> Iterable[Finding]:
        try:
            async with EntryIndex(index) as opened:
                contents = await opened.contents()
        except IndexAccessDenied:
            return [fail("Qdrant refuses the API key", "set the right GATEWAY_QDRANT_API_KEY")]
        except EntryIndexError as error:
            return [
                fail(
                    f"Qdrant does not answer as it should ({type(error).__name__})",
                    "start it, or correct GATEWAY_QDRANT_URL",
                )
            ]
        if contents is None:
            return [ok(f"Qdrant answers; no collection is behind the alias {index.alias} before the first embedding")]
        return [_same_model(contents, await _installed(ollama, embedding_model), embedding_model)]

    return Check("index", run, "see Qdrant's own log", deadline_s=15.0)


def _hurried(ollama: OllamaConfig) -> OllamaConfig:
    return replace(ollama, first_token_timeout_s=_TIMEOUT_S, total_timeout_s=_TIMEOUT_S)


def _missing(installed: dict[str, InstalledModel], name: str, effect: str) -> list[Finding]:
    if tagged_name(name) in installed:
        return [ok(f"model {name} is installed")]
    return [fail(f"model {name} is not installed: {effect}", f"ollama pull {name}")]


def _context(name: str, has: int, wanted: int) -> Iterator[Finding]:
    if 0 < has < wanted:
        yield warn(
            f"model {name} was made for {has} tokens, and {wanted} are asked for",
            f"set GATEWAY_ASK_CONTEXT_TOKENS to {has} or less, or take another model",
        )


async def _installed(ollama: OllamaConfig, name: str) -> tuple[str, int] | None:
    """Digest and dimension (0: not told); None where it cannot be asked, which the other check tells."""
    try:
        async with OllamaClient(_hurried(ollama)) as client:
            digests = {model.name: model.digest for model in await client.list_models()}
            if tagged_name(name) not in digests:
                return None
            return digests[tagged_name(name)], (await client.show_model(name)).embedding_dimension
    except OllamaError:
        return None


def _same_model(contents: IndexContents, installed: tuple[str, int] | None, name: str) -> Finding:
    model = contents.model
    remedy = f"set the embedding model back to {model.name if model else '?'}, or change it as docs/operations.md says"
    if model is None:
        return fail("the collection does not say whose vectors it holds: it is not ours", "name another alias")
    if tagged_name(model.name) != tagged_name(name):
        return fail(f"the index holds vectors of {model}, and {name} is set: searches would mean nothing", remedy)
    if installed is None:
        return ok(f"Qdrant answers; the index holds vectors of {model}")
    digest, dimension = installed
    if dimension and dimension != model.dimension:
        return fail(f"{name} makes vectors of {dimension} numbers, the index holds {model.dimension}", remedy)
    if digest and digest != model.digest:
        return fail(f"{name} has other weights now than the index was made with", remedy)
    return ok(f"Qdrant answers; the index holds vectors of {model}")
