package dev.jmlx.engine.cpu;

import java.util.ArrayList;
import java.util.List;

/// Memory and handles for the tensors of one step: taking one is a bump of an index, giving back happens at
/// once.
///
/// Two regions take turns. [#reset] starts a step; [#keepOnly] moves on to the other region, so that the kept
/// tensor survives where it is until the call after the next. A region that ran out becomes one larger array at
/// its next turn, so that steps of equal size allocate nothing from their third on. Engine thread only.
final class StepArena {
    /// Floats in a cache line: tensors start on different lines, so that workers do not share one at a
    /// seam.
    private static final int LINE = 16;

    private final Region[] regions = {new Region(), new Region()};
    private int current;

    CpuTensor take(int rows, int cols) {
        return regions[current].take(rows, cols);
    }

    /// Frees everything.
    void reset() {
        current = 0;
        regions[0].reset();
        regions[1].reset();
    }

    /// Frees everything except what was taken since the last call, which stays until the next.
    void keepOnly() {
        current ^= 1;
        regions[current].reset();
    }

    private static final class Region {
        private static final int FIRST_FLOATS = 1 << 16;

        private final List<CpuTensor> handles = new ArrayList<>();
        private float[] data = new float[0];
        private int usedHandles;
        private int used;
        private long taken;

        CpuTensor take(int rows, int cols) {
            var size = Math.multiplyExact(rows, cols);
            var rounded = Math.addExact(size, LINE - 1) / LINE * LINE;
            if (rounded > data.length - used) {
                data = new float[Math.max(rounded, FIRST_FLOATS)];
                used = 0;
            }
            var tensor = handle();
            tensor.point(data, used, rows, cols);
            used += rounded;
            taken += rounded;
            return tensor;
        }

        void reset() {
            if (taken > data.length) {
                data = new float[(int) Math.min(taken, Integer.MAX_VALUE - LINE)];
            }
            usedHandles = 0;
            used = 0;
            taken = 0;
        }

        private CpuTensor handle() {
            if (usedHandles == handles.size()) {
                handles.add(new CpuTensor());
            }
            return handles.get(usedHandles++);
        }
    }
}
