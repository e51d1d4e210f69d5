package dev.jmlx.engine.cpu;

import java.util.ArrayList;
import java.util.List;

/// Memory and handles for the tensors of one step: taking one is a bump of an index, giving back happens at
/// once.
///
/// Two regions take turns. [#reset] starts a step; [#keepOnly] moves on to the other region, so that the kept
/// tensor survives where it is until the call after the next. What lives within one operation comes from a
/// third ([#takeTemporary]), so that it is there once. Steps of a size that was seen before allocate nothing.
/// Engine thread only.
final class StepArena {
    private final Region[] regions = {new Region(), new Region()};
    private final Region temporaries = new Region();
    private int current;

    CpuTensor take(int rows, int cols) {
        return regions[current].take(rows, cols);
    }

    /// A tensor that lives until [#freeTemporaries].
    CpuTensor takeTemporary(int rows, int cols) {
        return temporaries.take(rows, cols);
    }

    void freeTemporaries() {
        temporaries.reset();
    }

    /// Frees everything.
    void reset() {
        current = 0;
        regions[0].reset();
        regions[1].reset();
        temporaries.reset();
    }

    /// Frees everything except what was taken since the last call, which stays until the next.
    void keepOnly() {
        current ^= 1;
        regions[current].reset();
    }

    /// Pages that are used again in the same order.
    ///
    /// A page that has become too small is replaced, so a region grows to what the largest step takes and
    /// leaves little garbage on the way: the heap keeps what it has once grown to.
    private static final class Region {
        /// Floats in a cache line: tensors start on different lines, so that workers do not share one at a
        /// seam.
        private static final int LINE = 16;

        private static final int PAGE = 1 << 16;

        /// Floats from which on a page is for several tensors: the collector gives an array of megabytes
        /// whole regions, and of 2 MB in a region of 4 MB half would be lost.
        private static final int LARGE = 1 << 18;

        private static final int LARGE_TENSORS = 4;

        private final List<CpuTensor> handles = new ArrayList<>();
        private final List<float[]> pages = new ArrayList<>();
        private int usedHandles;
        private int page;
        private int used;

        CpuTensor take(int rows, int cols) {
            var size = Math.multiplyExact(rows, cols);
            if (page == pages.size() || size > pages.get(page).length - used) {
                findRoom(size);
            }
            var tensor = handle();
            tensor.point(pages.get(page), used, rows, cols);
            used = Math.min(pages.get(page).length, Math.ceilDiv(used + size, LINE) * LINE);
            return tensor;
        }

        private void findRoom(int size) {
            if (used > 0) {
                page++;
                used = 0;
            }
            if (page == pages.size()) {
                pages.add(new float[pageFloats(size)]);
            } else if (pages.get(page).length < size) {
                pages.set(page, new float[pageFloats(size)]);
            }
        }

        /// For a tensor of `size` floats; a line less than tensors of a power of two, which leaves room for
        /// the array's header.
        private static int pageFloats(int size) {
            if (size < LARGE) {
                return Math.max(size, PAGE);
            }
            return Math.clamp((long) LARGE_TENSORS * size - LINE, size, Integer.MAX_VALUE - LINE);
        }

        void reset() {
            usedHandles = 0;
            page = 0;
            used = 0;
        }

        private CpuTensor handle() {
            if (usedHandles == handles.size()) {
                handles.add(new CpuTensor());
            }
            return handles.get(usedHandles++);
        }
    }
}
