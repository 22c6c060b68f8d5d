"""llama.cpp's own server inside this process: loopback, a port of its choosing, a key only we know."""

import secrets
from pathlib import Path
from typing import Any

import xllamacpp as _xllamacpp

from devstack.ollama.weights import ModelKind

#: The engine's names are made in C and unknown to the type checker.
xllamacpp: Any = _xllamacpp

INNER_KEY = secrets.token_hex(16)
#: Embedding requests share the model's slots; a chat has one (OLLAMA_NUM_PARALLEL).
EMBED_SLOTS = 4
_EMBED_BATCH_TOKENS = 2048


def start_llama(path: Path, kind: ModelKind, *, name: str, context_tokens: int, threads: int, parallel: int) -> Any:
    """A running llama-server. Dropping the last reference stops it and frees its memory.

    Blocks for about a second; the returned object has `listening_address`.
    """
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {name}
    params.n_parallel = parallel if kind == "chat" else EMBED_SLOTS
    params.n_ctx = context_tokens * params.n_parallel
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.n_threads_http = 8
    params.verbosity = 0
    params.ui = False
    params.endpoint_slots = False
    params.api_keys = [INNER_KEY]
    if kind == "embed":
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        params.n_batch = params.n_ubatch = _EMBED_BATCH_TOKENS
    else:
        params.ctx_shift = True
        params.cache_ram_mib = 64
    return xllamacpp.Server(params)
