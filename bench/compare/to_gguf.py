"""Writes an MLX-format llama model as GGUF, for llama.cpp and llama3.java.

usage: to_gguf.py MODEL_FOLDER OUT.gguf f16|q4_1

`f16`: the dequantized weights. `q4_1`: 4-bit weights keep their codes, scales and biases, which are
those of Q4_1 with a group's scale repeated for each of its blocks of 32; scales and biases become f16,
which is exact for bf16 and f16 ones of ordinary size. 8-bit weights become Q8_0 (no bias, so rounded again),
dense ones f16. The vocabulary is empty: speed does not need one.
Runs inside the comparison's virtual environment (numpy, gguf).
"""

import math
import sys
from dataclasses import dataclass
from typing import Callable

import gguf
import numpy as np

from checkpoint import Checkpoint, ConversionError

BLOCK = 32
Type = gguf.GGMLQuantizationType
LAYER_MATRICES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
LAYER_NORMS = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}


@dataclass(frozen=True)
class Shape:
    """The sizes of a llama model."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int

    @staticmethod
    def of(config):
        """Reads config.json's values."""
        heads = config["num_attention_heads"]
        head_dim = config.get("head_dim") or config["hidden_size"] // heads
        return Shape(
            config["num_hidden_layers"],
            config["hidden_size"],
            heads,
            config.get("num_key_value_heads") or heads,
            head_dim,
        )


@dataclass(frozen=True)
class Tensor:
    """A tensor to be written: its bytes are made only when its turn comes."""

    name: str
    shape: tuple
    type: Type
    data: Callable[[], np.ndarray]

    def stored_shape(self):
        """The shape in elements of what `data` returns: bytes for blocks, values otherwise."""
        if self.type not in (Type.Q4_1, Type.Q8_0):
            return self.shape
        block, size = gguf.GGML_QUANT_SIZES[self.type]
        return (*self.shape[:-1], self.shape[-1] // block * size)


def rope_rows(heads, head_dim):
    """Row order that turns rotation of halves (MLX, Hugging Face) into rotation of neighbours (llama.cpp)."""
    rows = np.arange(heads * head_dim).reshape(heads, 2, head_dim // 2)
    return rows.swapaxes(1, 2).reshape(-1)


def q4_1(matrix):
    """Blocks of Q4_1: f16 scale, f16 minimum, 16 bytes with elements i and i + 16."""
    rows, cols = matrix.codes.shape
    blocks = rows * cols // BLOCK
    out = np.empty((blocks, 20), np.uint8)
    for at, values in ((0, matrix.scales), (2, matrix.biases)):
        repeated = np.repeat(values, matrix.group // BLOCK, axis=1).astype(np.float16)
        out[:, at : at + 2] = repeated.reshape(blocks, 1).view(np.uint8)
    codes = matrix.codes.reshape(blocks, BLOCK)
    out[:, 4:] = codes[:, :16] | (codes[:, 16:] << 4)
    return out.reshape(rows, -1)


def choose(matrix, style):
    """The tensor type of a matrix, and the function that makes its data."""
    if style == "q4_1" and matrix.bits == 4:
        return Type.Q4_1, lambda: q4_1(matrix)
    if style == "q4_1" and matrix.bits == 8:
        return Type.Q8_0, lambda: gguf.quants.quantize(matrix.dense(), Type.Q8_0)
    return Type.F16, lambda: matrix.dense().astype(np.float16)


def rope_factors(config, head_dim):
    """Divisors of the rotation frequencies for `rope_type` llama3, or None where there is no scaling."""
    scaling = config.get("rope_scaling")
    if not scaling:
        return None
    if scaling.get("rope_type", scaling.get("type")) != "llama3":
        raise ConversionError(f"rope_scaling {scaling}: only llama3 is converted")
    base, factor = config["rope_theta"], scaling["factor"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    old = scaling["original_max_position_embeddings"]
    return np.array([_llama3(base ** (i / head_dim), factor, low, high, old) for i in range(0, head_dim, 2)], "<f4")


def _llama3(inverse_frequency, factor, low, high, old):
    wavelength = 2 * math.pi * inverse_frequency
    if wavelength < old / high:
        return 1.0
    if wavelength > old / low:
        return factor
    smooth = (old / wavelength - low) / (high - low)
    return 1 / ((1 - smooth) / factor + smooth)


def tensors(checkpoint, style):
    """All tensors in the order of the file."""
    shape = Shape.of(checkpoint.config)
    yield _matrix(checkpoint, "model.embed_tokens", "token_embd", style)
    yield _norm(checkpoint, "model.norm", "output_norm")
    if checkpoint.has("lm_head.weight"):
        yield _matrix(checkpoint, "lm_head", "output", style)
    factors = rope_factors(checkpoint.config, shape.head_dim)
    if factors is not None:
        yield Tensor("rope_freqs.weight", factors.shape, Type.F32, lambda: factors)
    orders = {"attn_q": shape.heads, "attn_k": shape.kv_heads}
    for layer in range(shape.layers):
        source, target = f"model.layers.{layer}.", f"blk.{layer}."
        for name, to in LAYER_NORMS.items():
            yield _norm(checkpoint, source + name, target + to)
        for name, to in LAYER_MATRICES.items():
            order = rope_rows(orders[to], shape.head_dim) if to in orders else None
            yield _matrix(checkpoint, source + name, target + to, style, order)


def _norm(checkpoint, path, name):
    values = checkpoint.vector(path + ".weight")
    return Tensor(name + ".weight", values.shape, Type.F32, lambda: values)


def _matrix(checkpoint, path, name, style, order=None):
    matrix = checkpoint.matrix(path)
    if order is not None:
        matrix = matrix.rows(order)
    kind, data = choose(matrix, style)
    return Tensor(name + ".weight", matrix.codes.shape, kind, data)


def write_metadata(writer, config):
    """The keys that llama.cpp wants of a llama model."""
    shape = Shape.of(config)
    writer.add_block_count(shape.layers)
    writer.add_context_length(min(config.get("max_position_embeddings", 8192), 8192))
    writer.add_embedding_length(shape.hidden)
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("no_vocab")


def convert(folder, out, style):
    """Writes the file; one tensor's bytes are in memory at a time."""
    checkpoint = Checkpoint(folder)
    if checkpoint.config["model_type"] not in ("llama", "mistral"):
        raise ConversionError(f"model_type {checkpoint.config['model_type']}: only llama and mistral are converted")
    everything = list(tensors(checkpoint, style))
    if checkpoint.unread:
        raise ConversionError(f"not converted: {', '.join(sorted(checkpoint.unread)[:5])}")
    writer = gguf.GGUFWriter(out, "llama")
    write_metadata(writer, checkpoint.config)
    for tensor in everything:
        stored = {Type.F32: np.float32, Type.F16: np.float16}.get(tensor.type, np.uint8)
        size = math.prod(tensor.stored_shape()) * np.dtype(stored).itemsize
        raw = tensor.type if stored is np.uint8 else None
        writer.add_tensor_info(tensor.name, tensor.stored_shape(), np.dtype(stored), size, raw)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in everything:
        writer.write_tensor_data(tensor.data())
    writer.close()


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[3] not in ("f16", "q4_1"):
        sys.exit(__doc__)
    try:
        convert(*sys.argv[1:])
    except ConversionError as e:
        sys.exit(str(e))
