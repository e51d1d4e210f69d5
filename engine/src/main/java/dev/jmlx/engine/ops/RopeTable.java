package dev.jmlx.engine.ops;

/// Rotary position embedding: which frequencies rotate which pairs of a head's elements.
///
/// Pair `i` of `inverseFrequencies.length` turns by `position * inverseFrequencies[i]` radians
/// (computed in f32, as the reference does). `interleaved` pairs are elements `(2i, 2i + 1)`,
/// otherwise `(i, i + pairs)`. Elements from `2 * pairs` on are left alone (partial rotation). What is rotated is
/// multiplied by `factor` as well, which some schemes for long contexts use.
/// Immutable. Source: RoFormer, arXiv 2104.09864; mlx `fast.rope`.
public record RopeTable(float[] inverseFrequencies, boolean interleaved, float factor) {
    /// Rotation alone.
    public RopeTable(float[] inverseFrequencies, boolean interleaved) {
        this(inverseFrequencies, interleaved, 1);
    }

    /// Elements of a head that are rotated.
    public int dims() {
        return 2 * inverseFrequencies.length;
    }
}
