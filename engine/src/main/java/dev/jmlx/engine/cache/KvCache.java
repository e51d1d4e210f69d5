package dev.jmlx.engine.cache;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Deque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What one layer keeps of past tokens, for every sequence slot.
///
/// Written and read by a backend's operations; blocks come and go through [KvCaches]. Engine thread only.
public sealed interface KvCache {

    /// A list of blocks per slot, each with room for [KvCaches#BLOCK_TOKENS] positions; those that no token will
    /// reach again may be missing.
    ///
    /// A block is little-endian; key-value head after head it has, without gaps:
    /// - keys `[BLOCK_TOKENS / STRIP][headDim][STRIP]`: transposed in strips of positions, so that
    ///   scores are vectors over positions;
    /// - values `[BLOCK_TOKENS][valueStride]`, of which a row's elements from `valueDim` on mean
    ///   nothing;
    /// - for [CacheType#INT8] the scales of the keys `[BLOCK_TOKENS]` f32, then those of the values.
    ///
    /// Latents are rows `[BLOCK_TOKENS][valueStride]`, keys and values at once, and for INT8 one scale each behind
    /// them.
    ///
    /// Behind the last head [#READ_AHEAD] elements may be read, too.
    final class Full implements KvCache {
        /// Positions whose keys stand side by side.
        public static final int STRIP = 64;

        /// Elements that may be read behind a row of values.
        public static final int READ_AHEAD = 64;

        private static final int ROW_ALIGNMENT = 16;

        private final CacheType type;
        private final CacheShape shape;
        private final int headBytes;
        private final @Nullable MemorySegment[][] blocks;

        /// Blocks before these are gone.
        private final int[] firstBlocks;

        Full(CacheType type, int slots, CacheShape shape) {
            this.type = type;
            this.shape = shape;
            this.firstBlocks = new int[slots];
            this.headBytes = Math.toIntExact(bytesPerPosition(type, shape) / shape.kvHeads() * KvCaches.BLOCK_TOKENS);
            this.blocks = new MemorySegment[slots][0];
        }

        public CacheType type() {
            return type;
        }

        /// What it was made for.
        public CacheShape shape() {
            return shape;
        }

        public int kvHeads() {
            return shape.kvHeads();
        }

        /// Elements of a head's queries and keys.
        public int headDim() {
            return shape.headDim();
        }

        /// Elements of a head's values.
        public int valueDim() {
            return shape.valueDim();
        }

        /// What a token attends to.
        public Reach reach() {
            return shape.reach();
        }

        /// Whether values are the first elements of keys.
        public boolean isLatent() {
            return shape.isLatent();
        }

        /// Elements from one position's values to the next's: `valueDim` rounded up, or the whole row of latents.
        public int valueStride() {
            return stride(shape.isLatent() ? shape.headDim() : shape.valueDim());
        }

        /// Elements from one element of a position's keys to the next.
        public int keyStep() {
            return shape.isLatent() ? 1 : STRIP;
        }

        /// The block that holds `position` of `slot`; it was reserved before the step began.
        public MemorySegment block(int slot, int position) {
            return Objects.requireNonNull(blocks[slot][position / KvCaches.BLOCK_TOKENS]);
        }

        /// Byte of its block at which the first element of the keys of `position` stands; the next is
        /// [#keyStep] elements on.
        public long keys(int kvHead, int position) {
            if (shape.isLatent()) {
                return inBlock(position) * valueStride() * type.elementBytes();
            }
            var inBlock = inBlock(position);
            var element = inBlock / STRIP * STRIP * shape.headDim() + inBlock % STRIP;
            return (long) kvHead * headBytes + element * type.elementBytes();
        }

        /// Byte of its block at which the values of `position` begin.
        public long values(int kvHead, int position) {
            if (shape.isLatent()) {
                return keys(kvHead, position);
            }
            var element = (long) KvCaches.BLOCK_TOKENS * shape.headDim() + inBlock(position) * valueStride();
            return (long) kvHead * headBytes + element * type.elementBytes();
        }

        /// Byte of its block at which the scale of the keys of `position` stands.
        public long keyScale(int kvHead, int position) {
            if (shape.isLatent()) {
                return valueScale(kvHead, position);
            }
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

        /// Takes the blocks of `slot` away that end at or before `position` and gives them to `free`.
        void dropBefore(int slot, int position, Deque<MemorySegment> free) {
            for (; firstBlocks[slot] < position / KvCaches.BLOCK_TOKENS; firstBlocks[slot]++) {
                drop(slot, firstBlocks[slot], free);
            }
        }

        /// Takes all blocks of `slot` away.
        void drop(int slot, Deque<MemorySegment> free) {
            for (var index = 0; index < blocks[slot].length; index++) {
                drop(slot, index, free);
            }
            firstBlocks[slot] = 0;
        }

        private void drop(int slot, int index, Deque<MemorySegment> free) {
            var block = index < blocks[slot].length ? blocks[slot][index] : null;
            if (block != null) {
                blocks[slot][index] = null;
                free.push(block);
            }
        }

        /// Bytes of a block, with what may be read behind it.
        public long blockBytes() {
            return (long) shape.kvHeads() * headBytes + (long) READ_AHEAD * type.elementBytes();
        }

        static long bytesPerPosition(CacheType type, CacheShape shape) {
            if (shape.isLatent()) {
                return (long) stride(shape.headDim()) * type.elementBytes() + type.scaleBytes();
            }
            var elements = (long) shape.headDim() + stride(shape.valueDim());
            return shape.kvHeads() * (elements * type.elementBytes() + 2L * type.scaleBytes());
        }

        private static int stride(int elements) {
            return (elements + ROW_ALIGNMENT - 1) / ROW_ALIGNMENT * ROW_ALIGNMENT;
        }
    }

    /// Keys and values, and the keys by which sparse attention chooses among their positions.
    record Indexed(Full attended, Full index) implements KvCache {}

    /// The numbers that a recurrent layer keeps, zero at the start of a sequence.
    final class State implements KvCache {
        private final int floats;
        private final float[][] states;

        State(int slots, StateShape shape) {
            this.floats = shape.floats();
            this.states = new float[slots][0];
        }

        public int floats() {
            return floats;
        }

        /// The state of `slot`; operations change it in place.
        public float[] of(int slot) {
            return states[slot];
        }

        void begin(int slot) {
            if (states[slot].length == 0) {
                states[slot] = new float[floats];
            } else {
                Arrays.fill(states[slot], 0);
            }
        }
    }
}
