"""Control tokens in a text that is only meant to be read, such as `<|im_end|>`, made plain.

A server puts messages into the model's chat template and cuts the whole into tokens; what looks like a control token
within a message becomes one, and the message can end itself and speak as the system. llama.cpp's server does so, and
Ollama, which hands it whole prompts (https://github.com/ollama/ollama/pull/17262). No request says otherwise, so the
texts are changed here: a blank behind the first character, and it is words again. Nothing else is changed.
"""

import re

#: `<|im_start|>`, `<turn|>`, `</s>`, `<think>`, `<<SYS>>` and every other tag, a diary's `<b>` included: which of them
#: are tokens is each model's own affair.
_TAG = re.compile(r"<(?=[^\s<>]{1,64}>)")
#: `[INST]`, `[/INST]`, `[TOOL_CALLS]`, `[gMASK]`.
_BRACKETS = re.compile(r"\[(?=/?[a-z]?[A-Z][A-Z_]{1,40}\])")


def disarmed(text: str) -> str:
    """`text` without a control token of any model we know of."""
    return _BRACKETS.sub("[ ", _TAG.sub("< ", text))
