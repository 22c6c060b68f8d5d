"""What the model server says of a model: digest, context, and whether it is there."""

from dataclasses import dataclass

from ollama_client import ModelNotFound, OllamaClient, tagged_name


@dataclass(frozen=True)
class ModelFacts:
    name: str
    #: sha256 of the weights.
    digest: str
    #: 0 where the server does not say.
    context_tokens: int


async def model_facts(ollama: OllamaClient, name: str) -> ModelFacts:
    """Raises: ModelNotFound; the other leaves of `OllamaError`."""
    for model in await ollama.list_models():
        if model.name == tagged_name(name):
            shown = await ollama.show_model(name)
            return ModelFacts(name, model.digest, shown.context_tokens)
    raise ModelNotFound(name)
