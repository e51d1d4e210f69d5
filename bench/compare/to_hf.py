"""Writes an MLX-format model as a dequantized Hugging Face folder (f16), for peers that quantize themselves.

usage: to_hf.py MODEL_FOLDER OUT_FOLDER

The tokenizer is a stand-in of 257 entries: speed does not need the real one.
Runs inside the comparison's virtual environment (numpy).
"""

import json
import sys
from pathlib import Path

import numpy as np

from checkpoint import Checkpoint, ConversionError


def stand_in_tokenizer():
    """The smallest tokenizer.json that readers of the byte-level kind accept."""
    vocabulary = {f"<0x{byte:02X}>": byte for byte in range(256)}
    vocabulary["<s>"] = 256
    model = {"type": "BPE", "byte_fallback": True, "vocab": vocabulary, "merges": []}
    return {"version": "1.0", "added_tokens": [], "model": model}


def names(checkpoint):
    """The layers' names, quantized or not, in the checkpoint's order."""
    return [name[: -len(".weight")] for name in checkpoint.entries if name.endswith(".weight")]


def values(checkpoint, path):
    """A layer's weight in f16; vectors included."""
    shape = checkpoint.entries[path + ".weight"][2]
    weight = checkpoint.vector(path + ".weight") if len(shape) == 1 else checkpoint.matrix(path).dense()
    return weight.astype("<f2")


def dense_shape(checkpoint, path):
    """The shape after dequantization, without doing it."""
    shape = checkpoint.entries[path + ".weight"][2]
    if len(shape) == 2 and checkpoint.has(path + ".scales"):
        return [shape[0], shape[1] * 32 // checkpoint.quantization(path)[0]]
    return shape


def write_weights(checkpoint, file):
    """One safetensors file; one tensor's values are in memory at a time."""
    header, at = {}, 0
    for path in names(checkpoint):
        shape = dense_shape(checkpoint, path)
        end = at + 2 * int(np.prod(shape))
        header[path + ".weight"] = {"dtype": "F16", "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with file.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little"))
        stream.write(text)
        for path in names(checkpoint):
            stream.write(values(checkpoint, path).tobytes())


def convert(folder, out):
    """Writes config.json, model.safetensors, the stand-in tokenizer, and a README.md, which Jlama wants to copy."""
    checkpoint = Checkpoint(folder)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    config = {key: value for key, value in checkpoint.config.items() if not key.startswith("quantization")}
    config["torch_dtype"] = "float16"
    config.setdefault("hidden_act", "silu")
    (out / "config.json").write_text(json.dumps(config, indent=1))
    (out / "README.md").write_text("Dequantized for a speed comparison.\n")
    (out / "tokenizer.json").write_text(json.dumps(stand_in_tokenizer()))
    write_weights(checkpoint, out / "model.safetensors")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        convert(*sys.argv[1:])
    except ConversionError as e:
        sys.exit(str(e))
