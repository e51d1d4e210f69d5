package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// [Ops#readRows]: the same rows as [Ops#readRow], whatever the number of threads.
class ReadTaskTest {
    private static final int ROWS = 37;
    private static final int COLS = 19;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5})
    void everyRowIsReadOnce(int threads) {
        try (var ops = ops(threads);
                var arena = Arena.ofShared()) {
            var x = activations(ops, arena);
            var reads = new AtomicIntegerArray(ROWS);
            var rows = new float[ROWS][];
            ops.readRows(x, (thread, row, values) -> {
                assertThat(thread).isBetween(0, ops.readers() - 1);
                reads.incrementAndGet(row);
                rows[row] = Arrays.copyOf(values, COLS);
            });
            var expected = new float[COLS];
            for (var row = 0; row < ROWS; row++) {
                ops.readRow(x, row, expected);
                assertThat(rows[row]).containsExactly(expected);
                assertThat(reads.get(row)).isEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 5})
    void whatAReaderThrowsArrives(int threads) {
        try (var ops = ops(threads);
                var arena = Arena.ofShared()) {
            var x = activations(ops, arena);
            assertThatThrownBy(() -> ops.readRows(x, (_, row, _) -> {
                        if (row == ROWS - 1) {
                            throw new IllegalStateException("row " + row);
                        }
                    }))
                    .hasMessage("row " + (ROWS - 1));
        }
    }

    /// The reference for no threads.
    private static Ops ops(int threads) {
        return threads == 0 ? new ScalarOps() : new CpuOps(threads, Precision.EXACT);
    }

    private static Tensor activations(Ops ops, Arena arena) {
        var table = ops.prepare(new RandomWeights(1, arena).activations(ROWS, COLS), arena);
        var batch = new Batch(ROWS, 1);
        var ids = new int[ROWS];
        Arrays.setAll(ids, i -> i);
        batch.add(0, 0, ids, 0, ROWS, Batch.Logits.NONE);
        ops.beginStep();
        return ops.embed(table, batch);
    }
}
