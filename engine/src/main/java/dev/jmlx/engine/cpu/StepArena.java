package dev.jmlx.engine.cpu;

import java.util.ArrayList;
import java.util.List;

/// Memory and handles for the tensors of one step: taking one is a bump of an index, giving back happens at
/// once.
///
/// Two regions take turns. [#reset] starts a step; [#keepOnly] moves on to the other region, so that the kept
/// tensor survives where it is until the call after the next. What lives within one operation comes from a
/// third ([#takeTemporary]), so that it is there once. Steps of a size that was seen a few times allocate
/// nothing. Engine thread only.
final class StepArena {
    /// A layer has about ten tensors of the size of its input, and two of the size of its hidden one.
    private final Region[] regions = {new Region(10), new Region(10)};

    private final Region temporaries = new Region(2);
    private final Region pinned = new Region(1);
    private int current;

    CpuTensor take(int rows, int cols) {
        return regions[current].take(rows, cols);
    }

    /// A tensor that lives until [#freeTemporaries].
    CpuTensor takeTemporary(int rows, int cols) {
        return temporaries.take(rows, cols);
    }

    /// A tensor that lives until [#reset].
    CpuTensor takePinned(int rows, int cols) {
        return pinned.take(rows, cols);
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
        pinned.reset();
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
        /// Floats in a cache line and in the widest vector. Tensors begin and end on such borders: workers share no
        /// line at a seam, and kernels may write whole row blocks.
        private static final int LINE = 16;

        private static final int PAGE = 1 << 16;

        /// Floats from which on a page is for several tensors: the collector gives an array of megabytes
        /// whole regions, and of 2 MB in a region of 4 MB half would be lost.
        private static final int LARGE = 1 << 18;

        private final List<CpuTensor> handles = new ArrayList<>();
        private final List<float[]> pages = new ArrayList<>();
        private final int tensorsPerPage;
        private int usedHandles;
        private int page;
        private int used;

        /// `tensorsPerPage`: large ones of equal size.
        Region(int tensorsPerPage) {
            this.tensorsPerPage = tensorsPerPage;
        }

        CpuTensor take(int rows, int cols) {
            var size = Math.multiplyExact(Math.ceilDiv(Math.multiplyExact(rows, cols), LINE), LINE);
            if (page == pages.size() || size > pages.get(page).length - used) {
                findRoom(size);
            }
            var tensor = handle();
            tensor.point(pages.get(page), used, rows, cols);
            used += size;
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

        private int pageFloats(int size) {
            if (size < LARGE) {
                return Math.max(size, PAGE);
            }
            return Math.clamp((long) tensorsPerPage * size, size, Integer.MAX_VALUE - LINE);
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
