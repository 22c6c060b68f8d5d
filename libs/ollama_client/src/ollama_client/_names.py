"""How Ollama reads a model's name."""


def tagged_name(name: str) -> str:
    """The name in full, as `list_models` tells it: without a tag `latest` is meant.

    A colon before the last `/` is a registry's port, as in `host:5000/team/model`.

    Source: https://github.com/ollama/ollama/blob/main/types/model/name.go
    """
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
