package dev.jmlx.engine.cache;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Keys and values of one layer for every sequence slot.
///
/// Written and read by a backend's attention; blocks come and go through [KvCaches]. Engine thread only.
public sealed interface KvCache {

    /// Keeps every position: a list of blocks per slot, each with room for [KvCaches#BLOCK_TOKENS]
    /// positions.
    ///
    /// A block is f32, `[2][kvHeads][BLOCK_TOKENS][headDim]` row-major: first the keys, then the
    /// values; so the keys of one head over consecutive positions are contiguous.
    final class Full implements KvCache {
        private final int kvHeads;
        private final int headDim;
        private final @Nullable MemorySegment[][] blocks;

        Full(int slots, int kvHeads, int headDim) {
            this.kvHeads = kvHeads;
            this.headDim = headDim;
            this.blocks = new MemorySegment[slots][0];
        }

        public int kvHeads() {
            return kvHeads;
        }

        public int headDim() {
            return headDim;
        }

        /// The block that holds `position` of `slot`; it was reserved before the step began.
        public MemorySegment block(int slot, int position) {
            return Objects.requireNonNull(blocks[slot][position / KvCaches.BLOCK_TOKENS]);
        }

        /// Floats between the keys and the values of a block.
        public int valueOffset() {
            return kvHeads * KvCaches.BLOCK_TOKENS * headDim;
        }

        /// Makes `block` the `index`th of `slot`; the list grows with the sequence, since contexts of millions are
        /// seldom filled.
        void put(int slot, int index, MemorySegment block) {
            if (index >= blocks[slot].length) {
                blocks[slot] = Arrays.copyOf(blocks[slot], Math.max(4, 2 * index));
            }
            blocks[slot][index] = block;
        }

        @Nullable
        MemorySegment[] slotBlocks(int slot) {
            return blocks[slot];
        }

        long blockBytes() {
            return 2L * valueOffset() * Float.BYTES;
        }
    }
}
