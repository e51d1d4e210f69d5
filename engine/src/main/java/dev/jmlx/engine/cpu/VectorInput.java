package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/// One token's activations as [MatVec] wants them: scaled by the place of the weight they will meet, and summed
/// by group.
///
/// A quantized value is masked out of its word and converted where it lies, which yields it times a power of
/// two; the activation carries the inverse, so nothing has to be shifted. Remembers what it holds, since q, k
/// and v (and gate and up) read the same input; [#forget] must be called when tensors may have changed. Engine
/// thread; workers read.
final class VectorInput {
    private static final int MAX_PLANES = 2;

    private final float[][] scaled = new float[MAX_PLANES][0];
    private final Factors[] factors = {new Factors(), new Factors()};
    private float[] sums = new float[0];
    private float[] noSums = new float[0];
    private @Nullable CpuTensor tensor;
    private int bits;
    private int groupSize;
    private float factor;

    /// Arranges the single row of `x` for weights like `weight`, dense ones of 32 bits as they are.
    void prepare(CpuTensor x, RowBlocks weight) {
        switch (weight) {
            case RowBlocks.Dense dense -> plain(x, inFactor(dense.type()));
            case RowBlocks.Microscaled microscaled -> plain(x, microscaled.format().unit);
            case RowBlocks.Quantized quantized -> quantized(x, quantized);
        }
    }

    /// For weights without biases.
    private void plain(CpuTensor x, float newFactor) {
        if (isNew(x, 0, 0, newFactor)) {
            scale(x, 0, 1, newFactor, 0);
        }
    }

    /// Says that tensors were given back or written to.
    void forget() {
        tensor = null;
    }

    /// Activations for plane `plane`, column by column.
    float[] scaled(int plane) {
        return scaled[plane];
    }

    /// Sums of the activations of each group.
    float[] sums() {
        return sums;
    }

    /// As many zeros, for the planes behind the first, which has added the biases.
    float[] noSums() {
        return noSums;
    }

    /// Whether two weights read the same arrangement of one token.
    static boolean same(RowBlocks a, RowBlocks b) {
        return switch (a) {
            case RowBlocks.Dense dense -> b instanceof RowBlocks.Dense other && dense.type() == other.type();
            case RowBlocks.Microscaled microscaled ->
                b instanceof RowBlocks.Microscaled other && microscaled.format().unit == other.format().unit;
            case RowBlocks.Quantized quantized ->
                b instanceof RowBlocks.Quantized other
                        && quantized.bits() == other.bits()
                        && quantized.groupSize() == other.groupSize()
                        && quantized.scaleType() == other.scaleType();
        };
    }

    /// How many consecutive values of a word are masked out where they lie, before the word is shifted
    /// down by as many.
    static int unshiftedValues(int planeBits) {
        return switch (planeBits) {
            case 1, 2 -> 8;
            case 4 -> 4;
            default -> 2;
        };
    }

    private void quantized(CpuTensor x, RowBlocks.Quantized weight) {
        var planes = weight.planes();
        if (!isNew(x, weight.bits(), weight.groupSize(), inFactor(weight.scaleType()))) {
            return;
        }
        for (var p = 0; p < planes.size(); p++) {
            var plane = planes.get(p);
            scale(x, p, unshiftedValues(plane.bits()), factor * (1 << plane.shift()), plane.bits());
        }
        sum(x);
    }

    private boolean isNew(CpuTensor x, int newBits, int newGroupSize, float newFactor) {
        if (x == tensor && newBits == bits && newGroupSize == groupSize && newFactor == factor) {
            return false;
        }
        tensor = x;
        bits = newBits;
        groupSize = newGroupSize;
        factor = newFactor;
        return true;
    }

    /// The factor of activations for weights or scales of `type`.
    static float inFactor(DType type) {
        return type == DType.F32 ? 1 : HalfFormat.of(type).inFactor;
    }

    /// `scaled[k] = x[k] * first / 2^(planeBits * (k mod period))`.
    private void scale(CpuTensor x, int plane, int period, float first, int planeBits) {
        var count = x.cols();
        if (scaled[plane].length < count) {
            scaled[plane] = new float[count];
        }
        var out = scaled[plane];
        var pattern = factors[plane].of(period, first, planeBits);
        var i = 0;
        if (pattern.length == Lanes.COUNT) {
            var factors = FloatVector.fromArray(Lanes.FLOAT, pattern, 0);
            for (var bound = Lanes.FLOAT.loopBound(count); i < bound; i += Lanes.COUNT) {
                FloatVector.fromArray(Lanes.FLOAT, x.data(), x.offset() + i)
                        .mul(factors)
                        .intoArray(out, i);
            }
        }
        for (; i < count; i++) {
            out[i] = x.data()[x.offset() + i] * pattern[i % pattern.length];
        }
    }

    private void sum(CpuTensor x) {
        var groups = x.cols() / groupSize;
        if (sums.length < groups) {
            sums = new float[groups];
            noSums = new float[groups];
        }
        for (var group = 0; group < groups; group++) {
            var sum = FloatVector.zero(Lanes.FLOAT);
            var from = x.offset() + group * groupSize;
            for (var i = 0; i < groupSize; i += Lanes.COUNT) {
                sum = sum.add(FloatVector.fromArray(Lanes.FLOAT, x.data(), from + i));
            }
            sums[group] = sum.reduceLanes(VectorOperators.ADD) * factor;
        }
    }

    /// What consecutive columns are multiplied by, kept until another kind of weight comes.
    private static final class Factors {
        private float[] values = new float[0];
        private int period;
        private float factor;
        private int bits;

        /// `newFactor / 2^(newBits * (k mod newPeriod))` for `k` over whole periods that are whole
        /// vectors too.
        float[] of(int newPeriod, float newFactor, int newBits) {
            if (newPeriod != period || newFactor != factor || newBits != bits) {
                period = newPeriod;
                factor = newFactor;
                bits = newBits;
                values = new float[Math.max(period, Lanes.COUNT)];
                for (var k = 0; k < values.length; k++) {
                    values[k] = Math.scalb(factor, -bits * (k % period));
                }
            }
            return values;
        }
    }
}
