package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Precision;

/// One token's activations for its linear layers, and their products: as [ShortMatVec] wants them where they may be
/// rounded and it has a kernel, else as [MatVec] does.
///
/// Remembers what it holds; [#forget] must be called when tensors may have changed. Engine thread; workers in
/// [#multiply].
final class TokenInput {
    private final Precision precision;
    private final VectorInput vector = new VectorInput();
    private final ShortFewInput shorts;

    /// `shorts`: may be one that several tokens use as well.
    TokenInput(Precision precision, ShortFewInput shorts) {
        this.precision = precision;
        this.shorts = shorts;
    }

    /// Arranges the single row of `x` for `weight` and others that [VectorInput#same] holds for.
    void prepare(CpuTensor x, RowBlocks weight) {
        if (isRounded(weight)) {
            shorts.prepare(x, (RowBlocks.Quantized) weight);
        } else {
            vector.prepare(x, weight);
        }
    }

    private boolean isRounded(RowBlocks weight) {
        return precision == Precision.FAST && ShortFewTokens.applies(weight);
    }

    /// As [MatVec#blocks].
    void multiply(RowBlocks weight, int from, int end, float[] y, int to) {
        if (isRounded(weight)) {
            ShortMatVec.blocks((RowBlocks.Quantized) weight, from, end, shorts, y, to);
        } else {
            MatVec.blocks(weight, from, end, vector, y, to);
        }
    }

    /// Says that tensors were given back or written to.
    void forget() {
        vector.forget();
        shorts.forget();
    }
}
