"""Conversion of a tiny model; needs numpy and gguf, as in the work folder's venv-tools, and is skipped without them."""

import json
import tempfile
import unittest
from pathlib import Path

try:
    import gguf
    import numpy as np

    import to_gguf
    import to_hf
    from checkpoint import Checkpoint, ConversionError, Matrix, unpack
    from random_llama import CONFIG, write
except ImportError as e:
    raise unittest.SkipTest(f"{e}; run it with venv-tools/bin/python of the work folder") from e

TINY = {
    **CONFIG,
    "hidden_size": 128,
    "num_hidden_layers": 2,
    "intermediate_size": 192,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "vocab_size": 64,
}


def read_gguf(file):
    """Name to dequantized values."""
    return {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(file).tensors}


def pairs_turned(vector, angle, neighbours):
    """One head rotated by an angle for each pair: neighbours, or element i with i + half."""
    half = len(vector) // 2
    a, b = (vector[0::2], vector[1::2]) if neighbours else (vector[:half], vector[half:])
    turned = a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)
    if not neighbours:
        return np.concatenate(turned)
    out = np.empty_like(vector)
    out[0::2], out[1::2] = turned
    return out


class Conversion(unittest.TestCase):
    """A tiny random llama, 4 bits in groups of 64."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.model = self.folder / "mlx"
        write(TINY, self.model)
        self.checkpoint = Checkpoint(self.model)

    def gguf(self, style):
        out = self.folder / f"m-{style}.gguf"
        to_gguf.convert(self.model, out, style)
        return read_gguf(out)

    def test_q4_1_dequantizes_to_the_very_same_values(self):
        found = self.gguf("q4_1")
        for path, name in (
            ("model.embed_tokens", "token_embd"),
            ("model.layers.1.self_attn.v_proj", "blk.1.attn_v"),
            ("model.layers.1.mlp.down_proj", "blk.1.ffn_down"),
        ):
            np.testing.assert_array_equal(found[name + ".weight"], self.checkpoint.matrix(path).dense(), name)

    def test_f16_is_the_rounded_dequantized_weight(self):
        found = self.gguf("f16")["blk.0.ffn_up.weight"]
        wanted = self.checkpoint.matrix("model.layers.0.mlp.up_proj").dense().astype(np.float16)
        np.testing.assert_array_equal(found, wanted.astype(np.float32))

    def test_8_bit_weights_become_q8_0_within_half_a_step(self):
        random = np.random.default_rng(2)
        codes = random.integers(0, 256, (4, 64), np.uint8)
        matrix = Matrix(8, 32, codes, np.full((4, 2), 0.01, "f4"), np.full((4, 2), -1.28, "f4"))
        kind, data = to_gguf.choose(matrix, "q4_1")
        found = gguf.quants.dequantize(data(), kind)
        np.testing.assert_allclose(found, matrix.dense(), rtol=0, atol=0.5 * 1.28 / 127 + 1e-3)

    def test_reordered_query_rows_turn_neighbours_like_halves_before(self):
        head_dim = TINY["head_dim"]
        order = to_gguf.rope_rows(2, head_dim)
        angle = np.linspace(0.1, 2.0, head_dim // 2)
        vector = np.arange(2.0 * head_dim)
        halves = np.concatenate([pairs_turned(head, angle, False) for head in vector.reshape(2, -1)])
        neighbours = np.concatenate([pairs_turned(head, angle, True) for head in vector[order].reshape(2, -1)])
        np.testing.assert_allclose(neighbours, halves[order])

    def test_query_rows_are_reordered_in_the_file(self):
        order = to_gguf.rope_rows(TINY["num_attention_heads"], TINY["head_dim"])
        wanted = self.checkpoint.matrix("model.layers.0.self_attn.q_proj").dense()[order]
        np.testing.assert_array_equal(self.gguf("q4_1")["blk.0.attn_q.weight"], wanted)

    def test_llama3_scaling_leaves_high_frequencies_and_divides_low_ones(self):
        factors = to_gguf.rope_factors(CONFIG, CONFIG["head_dim"])
        self.assertEqual(factors[0], 1.0)
        self.assertEqual(factors[-1], CONFIG["rope_scaling"]["factor"])
        self.assertTrue(np.all(np.diff(factors) >= 0))

    def test_forgotten_tensors_and_unknown_bits_are_errors(self):
        config = {**TINY, "num_hidden_layers": 1}
        (self.model / "config.json").write_text(json.dumps(config))
        with self.assertRaisesRegex(ConversionError, "not converted: model.layers.1"):
            self.gguf("q4_1")
        with self.assertRaisesRegex(ConversionError, "3 bits"):
            unpack(np.zeros((1, 3), "<u4"), 3)

    def test_hugging_face_folder_has_the_same_names_and_dense_values(self):
        out = self.folder / "hf"
        to_hf.convert(self.model, out)
        copy = Checkpoint(out)
        path = "model.layers.1.self_attn.k_proj"
        wanted = self.checkpoint.matrix(path).dense().astype(np.float16)
        np.testing.assert_array_equal(copy.tensor(path + ".weight"), wanted)
        self.assertEqual(set(copy.entries), {name for name in self.checkpoint.entries if name.endswith(".weight")})
        self.assertNotIn("quantization", copy.config)


if __name__ == "__main__":
    unittest.main()
