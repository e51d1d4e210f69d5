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
    /// A block is little-endian; key-value head after head it has, without gaps:
    /// - keys `[BLOCK_TOKENS / STRIP][headDim][STRIP]`: transposed in strips of positions, so that
    ///   scores are vectors over positions;
    /// - values `[BLOCK_TOKENS][valueStride]`, of which a row's elements from `headDim` on mean
    ///   nothing;
    /// - for [CacheType#INT8] the scales of the keys `[BLOCK_TOKENS]` f32, then those of the values.
    ///
    /// Behind the last head [#READ_AHEAD] elements may be read, too.
    final class Full implements KvCache {
        /// Positions whose keys stand side by side.
        public static final int STRIP = 64;

        /// Elements that may be read behind a row of values.
        public static final int READ_AHEAD = 64;

        private static final int VALUE_ALIGNMENT = 16;

        private final CacheType type;
        private final int kvHeads;
        private final int headDim;
        private final int headBytes;
        private final @Nullable MemorySegment[][] blocks;

        Full(CacheType type, int slots, int kvHeads, int headDim) {
            this.type = type;
            this.kvHeads = kvHeads;
            this.headDim = headDim;
            this.headBytes = Math.toIntExact(bytesPerPosition(type, 1, headDim) * KvCaches.BLOCK_TOKENS);
            this.blocks = new MemorySegment[slots][0];
        }

        public CacheType type() {
            return type;
        }

        public int kvHeads() {
            return kvHeads;
        }

        public int headDim() {
            return headDim;
        }

        /// Elements from one position's values to the next's: `headDim` rounded up.
        public int valueStride() {
            return valueStride(headDim);
        }

        /// The block that holds `position` of `slot`; it was reserved before the step began.
        public MemorySegment block(int slot, int position) {
            return Objects.requireNonNull(blocks[slot][position / KvCaches.BLOCK_TOKENS]);
        }

        /// Byte of its block at which the first element of the keys of `position` stands; the next is
        /// `STRIP` elements on.
        public long keys(int kvHead, int position) {
            var inBlock = inBlock(position);
            var element = inBlock / STRIP * STRIP * headDim + inBlock % STRIP;
            return (long) kvHead * headBytes + element * type.elementBytes();
        }

        /// Byte of its block at which the values of `position` begin.
        public long values(int kvHead, int position) {
            var element = (long) KvCaches.BLOCK_TOKENS * headDim + inBlock(position) * valueStride();
            return (long) kvHead * headBytes + element * type.elementBytes();
        }

        /// Byte of its block at which the scale of the keys of `position` stands.
        public long keyScale(int kvHead, int position) {
            return (kvHead + 1L) * headBytes + (inBlock(position) - 2L * KvCaches.BLOCK_TOKENS) * Float.BYTES;
        }

        /// Byte of its block at which the scale of the values of `position` stands.
        public long valueScale(int kvHead, int position) {
            return (kvHead + 1L) * headBytes + (inBlock(position) - (long) KvCaches.BLOCK_TOKENS) * Float.BYTES;
        }

        private static long inBlock(int position) {
            return position % KvCaches.BLOCK_TOKENS;
        }

        /// Makes `block` the `index`th of `slot`; the list grows with the sequence, since contexts of
        /// millions are seldom filled.
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
            return (long) kvHeads * headBytes + (long) READ_AHEAD * type.elementBytes();
        }

        static long bytesPerPosition(CacheType type, int kvHeads, int headDim) {
            var elements = (long) headDim + valueStride(headDim);
            return kvHeads * (elements * type.elementBytes() + 2L * type.scaleBytes());
        }

        private static int valueStride(int headDim) {
            return (headDim + VALUE_ALIGNMENT - 1) / VALUE_ALIGNMENT * VALUE_ALIGNMENT;
        }
    }
}
