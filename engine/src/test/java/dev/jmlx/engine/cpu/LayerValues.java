package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;

/// Activations given to a backend, and its results read and compared, for tests of layers.
final class LayerValues {
    private LayerValues() {}

    /// The rows of `x`, a token each.
    static Tensor embedded(Ops ops, Matrix x, Arena arena) {
        var ids = new int[x.rows()];
        for (var i = 0; i < ids.length; i++) {
            ids[i] = i;
        }
        var batch = new Batch(ids.length, 1);
        batch.add(0, 0, ids, 0, ids.length, Batch.Logits.NONE);
        return ops.embed(ops.prepare(x, arena), batch);
    }

    /// All values of a result, row by row.
    static float[] of(Ops ops, Tensor x) {
        var values = new float[x.rows() * x.cols()];
        var row = new float[x.cols()];
        for (var r = 0; r < x.rows(); r++) {
            ops.readRow(x, r, row);
            System.arraycopy(row, 0, values, r * x.cols(), x.cols());
        }
        return values;
    }

    /// No value differs by more than `relativeTolerance` of the largest expected magnitude.
    static void assertClose(String what, float[] actual, float[] expected, double relativeTolerance) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        var largest = 0f;
        for (var value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (var i = 0; i < actual.length; i++) {
            assertThat(Math.abs((double) actual[i] - expected[i]))
                    .as("%s, element %d: %s for %s", what, i, actual[i], expected[i])
                    .isLessThanOrEqualTo(relativeTolerance * largest);
        }
    }
}
