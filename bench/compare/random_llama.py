"""Makes a random 4-bit llama in MLX format in the shape of Llama 3.2 1B (1.2 billion parameters), for speed and memory.

usage: random_llama.py OUT_FOLDER

Groups of 64, bf16 scales and biases, tied embeddings. The codes are uniform; the scales keep every layer's
output near its input's size, so that no value overflows. Runs inside the comparison's virtual environment (numpy).
"""

import json
import sys
from pathlib import Path

import numpy as np

GROUP = 64
CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "intermediate_size": 8192,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "rope_theta": 500000.0,
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
    "tie_word_embeddings": True,
    "bos_token_id": 128000,
    "eos_token_id": 128009,
    "quantization": {"group_size": GROUP, "bits": 4},
}


def matrices(config):
    """Path, rows and columns of every quantized matrix."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    queries = config["num_attention_heads"] * config["head_dim"]
    keys = config["num_key_value_heads"] * config["head_dim"]
    yield "model.embed_tokens", config["vocab_size"], hidden
    for layer in range(config["num_hidden_layers"]):
        path = f"model.layers.{layer}."
        yield path + "self_attn.q_proj", queries, hidden
        yield path + "self_attn.k_proj", keys, hidden
        yield path + "self_attn.v_proj", keys, hidden
        yield path + "self_attn.o_proj", hidden, queries
        yield path + "mlp.gate_proj", inner, hidden
        yield path + "mlp.up_proj", inner, hidden
        yield path + "mlp.down_proj", hidden, inner


def norms(config):
    """Path of every norm; all have `hidden_size` elements."""
    yield "model.norm"
    for layer in range(config["num_hidden_layers"]):
        yield f"model.layers.{layer}.input_layernorm"
        yield f"model.layers.{layer}.post_attention_layernorm"


def bf16(values):
    """Upper halves of f32 values."""
    return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype("<u2")


def tensors(config):
    """Name, dtype, shape and a function that makes the bytes, of every tensor."""
    random = np.random.default_rng(1)
    for path, rows, cols in matrices(config):
        groups = (rows, cols // GROUP)
        # Uniform codes 0..15 have a deviation of 4.6; weights of deviation 1/sqrt(cols) keep sizes.
        scale = bf16(1 / 4.6 / np.sqrt(cols))
        bias = bf16(-7.5 / 4.6 / np.sqrt(cols))
        words = (rows, cols // 8)
        yield path + ".weight", "U32", words, lambda s=words: random.integers(0, 2**32, s, "<u4")
        yield path + ".scales", "BF16", groups, lambda s=groups, v=scale: np.full(s, v, "<u2")
        yield path + ".biases", "BF16", groups, lambda s=groups, v=bias: np.full(s, v, "<u2")
    for path in norms(config):
        shape = (config["hidden_size"],)
        yield path + ".weight", "BF16", shape, lambda s=shape: np.full(s, bf16(1.0), "<u2")


def write(config, folder):
    """Writes config.json and model.safetensors; one tensor is in memory at a time."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    everything = list(tensors(config))
    header, at = {"__metadata__": {"format": "mlx"}}, 0
    for name, dtype, shape, _ in everything:
        end = at + int(np.prod(shape)) * (4 if dtype == "U32" else 2)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with (folder / "model.safetensors").open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for *_, data in everything:
            stream.write(data().tobytes())
    (folder / "config.json").write_text(json.dumps(config, indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(CONFIG, sys.argv[1])
