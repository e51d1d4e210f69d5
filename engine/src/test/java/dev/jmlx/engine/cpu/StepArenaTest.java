package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/// That tensors which live at the same time have memory of their own, up to the end of their last vector.
class StepArenaTest {
    /// Floats that kernels may write behind a tensor's start: whole vectors.
    private static final int LINE = 16;

    private static final int[] COLS = {1, 15, 64, 576, 65_537, 131_000, 262_145};

    private final StepArena arena = new StepArena();
    private final List<CpuTensor> living = new ArrayList<>();

    @Property(tries = 60)
    void livingTensorsKeepTheirContents(@ForAll @IntRange(min = 1, max = 6) int steps, @ForAll long seed) {
        var random = new Random(seed);
        for (var step = 0; step < steps; step++) {
            living.clear();
            arena.reset();
            var rows = 1 + random.nextInt(5);
            for (var layer = 0; layer < 3; layer++) {
                fillLayer(random, rows);
                var kept = living.getLast();
                arena.keepOnly();
                living.clear();
                living.add(kept);
            }
        }
    }

    private void fillLayer(Random random, int rows) {
        for (var i = 0; i < 5; i++) {
            fill(arena.take(rows, COLS[random.nextInt(COLS.length)]));
        }
        var before = living.size();
        var cols = COLS[random.nextInt(COLS.length)];
        fill(arena.takeTemporary(rows, cols));
        fill(arena.takeTemporary(rows, cols));
        assertContents();
        arena.freeTemporaries();
        living.subList(before, living.size()).clear();
        fill(arena.take(rows, COLS[random.nextInt(COLS.length)]));
        assertContents();
    }

    /// Writes whole vectors, as kernels of whole row blocks do.
    private void fill(CpuTensor tensor) {
        living.add(tensor);
        var end = tensor.offset() + Math.ceilDiv(tensor.size(), LINE) * LINE;
        Arrays.fill(tensor.data(), tensor.offset(), end, mark(tensor));
    }

    private void assertContents() {
        for (var tensor : living) {
            var expected = new float[tensor.size()];
            Arrays.fill(expected, mark(tensor));
            var end = tensor.offset() + tensor.size();
            assertThat(Arrays.equals(tensor.data(), tensor.offset(), end, expected, 0, expected.length))
                    .isTrue();
        }
    }

    private static float mark(CpuTensor tensor) {
        return System.identityHashCode(tensor);
    }

    @Property(tries = 20)
    void stepsOfTheSameSizeUseTheSameMemory(@ForAll long seed) {
        memory(seed);
        memory(seed);
        assertThat(memory(seed))
                .usingElementComparator((a, b) -> a == b ? 0 : 1)
                .isEqualTo(memory(seed));
    }

    private List<float[]> memory(long seed) {
        var random = new Random(seed);
        arena.reset();
        var arrays = new ArrayList<float[]>();
        for (var i = 0; i < 12; i++) {
            arrays.add(arena.take(3, COLS[random.nextInt(COLS.length)]).data());
        }
        return arrays;
    }
}
