package dev.jmlx.engine.cache;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// The caches of all layers and the memory behind them.
///
/// The scheduler reserves positions before a step and releases a slot when its sequence ends; a
/// released block goes to a free list and serves the next sequence, so memory grows to the
/// high-water mark of positions in use and stays there. Engine thread only; [#close] frees
/// everything.
public final class KvCaches implements AutoCloseable {
    /// Positions in one block.
    public static final int BLOCK_TOKENS = 256;

    private static final long BLOCK_ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final List<KvCache.Full> layers;
    private final List<Deque<MemorySegment>> freeBlocks;
    private final int[] reservedBlocks;
    private final int maxTokens;

    /// Caches for `layers` equal layers, `slots` sequences and up to `maxTokens` positions in each.
    public KvCaches(CacheType type, int layers, int slots, int maxTokens, int kvHeads, int headDim) {
        this.maxTokens = maxTokens;
        this.layers = new ArrayList<>(layers);
        this.freeBlocks = new ArrayList<>(layers);
        this.reservedBlocks = new int[slots];
        for (var i = 0; i < layers; i++) {
            this.layers.add(new KvCache.Full(type, slots, kvHeads, headDim));
            this.freeBlocks.add(new ArrayDeque<>());
        }
    }

    public KvCache.Full layer(int index) {
        return layers.get(index);
    }

    /// Makes room for positions `0 .. tokens - 1` of `slot` in every layer.
    ///
    /// Throws OutOfMemoryError when the system has no more; the slot can then be released like any
    /// other.
    public void reserve(int slot, int tokens) {
        if (tokens > maxTokens) {
            throw new IllegalArgumentException(tokens + " positions; a sequence has at most " + maxTokens);
        }
        var wanted = Math.ceilDiv(tokens, BLOCK_TOKENS);
        for (; reservedBlocks[slot] < wanted; reservedBlocks[slot]++) {
            for (var i = 0; i < layers.size(); i++) {
                var layer = layers.get(i);
                var free = freeBlocks.get(i).poll();
                var block = free != null ? free : arena.allocate(layer.blockBytes(), BLOCK_ALIGNMENT);
                layer.put(slot, reservedBlocks[slot], block);
            }
        }
    }

    /// Gives back all positions of `slot`.
    public void release(int slot) {
        for (var i = 0; i < layers.size(); i++) {
            var blocks = layers.get(i).slotBlocks(slot);
            for (var b = 0; b < blocks.length; b++) {
                if (blocks[b] != null) {
                    freeBlocks.get(i).push(blocks[b]);
                    blocks[b] = null;
                }
            }
        }
        reservedBlocks[slot] = 0;
    }

    /// Bytes that `tokens` positions of one sequence take, over all layers.
    public static long bytesFor(CacheType type, int layers, int tokens, int kvHeads, int headDim) {
        return (long) layers * tokens * KvCache.Full.bytesPerPosition(type, kvHeads, headDim);
    }

    @Override
    public void close() {
        arena.close();
    }
}
