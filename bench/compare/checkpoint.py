"""Reads a folder in MLX format with numpy: config, tensors, quantized matrices.

Runs inside the comparison's virtual environment (numpy); the driver itself never imports it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DTYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "U32": "<u4", "U8": "u1"}


class ConversionError(Exception):
    """A checkpoint that a peer's format cannot take; the message says what and why."""


@dataclass(frozen=True)
class Matrix:
    """A weight of rows x cols: `weight = scales * codes + biases`, one scale and bias for a group.

    `bits` is 0 for a dense matrix; then `codes` holds the values, and there are no scales.
    """

    bits: int
    group: int
    codes: np.ndarray
    scales: np.ndarray
    biases: np.ndarray

    def dense(self):
        """The weights in f32."""
        if self.bits == 0:
            return self.codes.astype(np.float32)
        rows, cols = self.codes.shape
        grouped = self.codes.reshape(rows, cols // self.group, self.group).astype(np.float32)
        return (grouped * self.scales[:, :, None] + self.biases[:, :, None]).reshape(rows, cols)

    def rows(self, order):
        """The same matrix with its rows in another order."""
        if self.bits == 0:
            return Matrix(0, 0, self.codes[order], self.scales, self.biases)
        return Matrix(self.bits, self.group, self.codes[order], self.scales[order], self.biases[order])


class Checkpoint:
    """A model folder; remembers which tensors were read, so that none is forgotten in silence."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config = json.loads((self.folder / "config.json").read_text())
        self.unread = {}
        self.entries = {}
        for file in sorted(self.folder.glob("*.safetensors")):
            self.entries.update(_header(file))
        if not self.entries:
            raise ConversionError(f"{folder}: no *.safetensors")
        self.unread = set(self.entries)

    def has(self, name):
        """Whether the checkpoint holds the tensor."""
        return name in self.entries

    def tensor(self, name):
        """A tensor as it is stored; bf16 becomes f32."""
        if name not in self.entries:
            raise ConversionError(f"{self.folder}: tensor {name} is missing")
        self.unread.discard(name)
        file, dtype, shape, offset = self.entries[name]
        if dtype not in DTYPES:
            raise ConversionError(f"{name}: dtype {dtype} is not supported")
        stored = np.memmap(file, DTYPES[dtype], "r", offset, tuple(shape))
        if dtype == "BF16":
            return (stored.astype(np.uint32) << 16).view(np.float32)
        return np.asarray(stored)

    def vector(self, name):
        """A tensor in f32."""
        return self.tensor(name).astype(np.float32)

    def matrix(self, path):
        """The weight of the layer at `path`, quantized where the checkpoint has scales."""
        weight = self.tensor(path + ".weight")
        if not self.has(path + ".scales"):
            nothing = np.empty((0, 0), np.float32)
            return Matrix(0, 0, weight, nothing, nothing)
        bits, group = self.quantization(path)
        scales = self.vector(path + ".scales")
        return Matrix(bits, group, unpack(weight, bits), scales, self.vector(path + ".biases"))

    def quantization(self, path):
        """Bits and group size of the layer at `path`."""
        common = self.config["quantization"]
        if common.get("mode", "affine") != "affine":
            raise ConversionError(f"quantization mode {common['mode']}: only affine is converted")
        own = common.get(path)
        chosen = own if isinstance(own, dict) else common
        return chosen["bits"], chosen["group_size"]


def _header(file):
    """Name to (file, dtype, shape, offset of the data) for one safetensors file."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    header.pop("__metadata__", None)
    return {
        name: (file, entry["dtype"], entry["shape"], 8 + length + entry["data_offsets"][0])
        for name, entry in header.items()
    }


def unpack(words, bits):
    """The codes of packed 32-bit words, lowest bits first, as bytes."""
    if bits == 8:
        return np.ascontiguousarray(words).view(np.uint8)
    if bits != 4:
        raise ConversionError(f"{bits} bits: only 4 and 8 are converted")
    pairs = np.ascontiguousarray(words).view(np.uint8)
    codes = np.empty((pairs.shape[0], pairs.shape[1] * 2), np.uint8)
    codes[:, 0::2] = pairs & 15
    codes[:, 1::2] = pairs >> 4
    return codes
