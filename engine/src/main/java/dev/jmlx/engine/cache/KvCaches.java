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
/// released block, and one that a layer's [Reach] has left behind, goes to a free list and serves again, so memory
/// grows to the high-water mark of positions in use and stays there. Engine thread only; [#close] frees
/// everything.
public final class KvCaches implements AutoCloseable {
    /// Positions in one block.
    public static final int BLOCK_TOKENS = 256;

    private static final long BLOCK_ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final List<KvCache> layers;
    private final List<Deque<MemorySegment>> freeBlocks;
    private final int[] reservedBlocks;
    private final int[] reservedTokens;
    private final int maxTokens;
    private final long maxBytes;
    private long allocatedBytes;

    /// Caches for one layer of each of `shapes`, `slots` sequences and up to `maxTokens` positions in each.
    public KvCaches(CacheType type, List<? extends LayerShape> shapes, int slots, int maxTokens) {
        this(type, shapes, slots, maxTokens, Long.MAX_VALUE);
    }

    /// The same, of which all together take `maxBytes` at most.
    public KvCaches(CacheType type, List<? extends LayerShape> shapes, int slots, int maxTokens, long maxBytes) {
        this.maxTokens = maxTokens;
        this.maxBytes = maxBytes;
        this.layers = new ArrayList<>(shapes.size());
        this.freeBlocks = new ArrayList<>(shapes.size());
        this.reservedBlocks = new int[slots];
        this.reservedTokens = new int[slots];
        for (var shape : shapes) {
            this.layers.add(
                    switch (shape) {
                        case CacheShape full -> new KvCache.Full(type, slots, full);
                        case StateShape state -> new KvCache.State(slots, state);
                    });
            this.freeBlocks.add(new ArrayDeque<>());
        }
    }

    public KvCache layer(int index) {
        return layers.get(index);
    }

    /// The cache of a layer of attention.
    public KvCache.Full full(int index) {
        return (KvCache.Full) layers.get(index);
    }

    /// Makes room for positions `0 .. tokens - 1` of `slot` in every layer. Positions that the last call made room
    /// for count as written, so that layers let go of those which no new token reaches.
    ///
    /// Throws OutOfMemoryError when the system has no more; the slot can then be released like any
    /// other.
    public void reserve(int slot, int tokens) {
        if (tokens > maxTokens) {
            throw new IllegalArgumentException(tokens + " positions; a sequence has at most " + maxTokens);
        }
        for (var i = 0; i < layers.size(); i++) {
            switch (layers.get(i)) {
                case KvCache.Full full ->
                    full.dropBefore(slot, full.reach().first(reservedTokens[slot]), freeBlocks.get(i));
                case KvCache.State state -> {
                    if (reservedTokens[slot] == 0) {
                        state.begin(slot);
                    }
                }
            }
        }
        var wanted = Math.ceilDiv(tokens, BLOCK_TOKENS);
        for (; reservedBlocks[slot] < wanted; reservedBlocks[slot]++) {
            for (var i = 0; i < layers.size(); i++) {
                if (layers.get(i) instanceof KvCache.Full layer) {
                    var free = freeBlocks.get(i).poll();
                    layer.put(slot, reservedBlocks[slot], free != null ? free : allocate(layer));
                }
            }
        }
        reservedTokens[slot] = Math.max(reservedTokens[slot], tokens);
    }

    private MemorySegment allocate(KvCache.Full layer) {
        if (allocatedBytes + layer.blockBytes() > maxBytes) {
            throw new OutOfMemoryError("the caches have all of the " + maxBytes + " bytes that they may take");
        }
        var block = arena.allocate(layer.blockBytes(), BLOCK_ALIGNMENT);
        allocatedBytes += layer.blockBytes();
        return block;
    }

    /// Whether a new sequence could have `tokens` positions beside those that others have reserved.
    public boolean hasRoomFor(int tokens) {
        var wanted = 0L;
        for (var i = 0; i < layers.size(); i++) {
            if (layers.get(i) instanceof KvCache.Full layer) {
                var blocks = Math.ceilDiv(layer.reach().most(tokens), BLOCK_TOKENS) + 1;
                wanted += Math.max(0, blocks - freeBlocks.get(i).size()) * layer.blockBytes();
            }
        }
        return wanted <= maxBytes - allocatedBytes;
    }

    /// Gives back all positions of `slot`.
    public void release(int slot) {
        for (var i = 0; i < layers.size(); i++) {
            if (layers.get(i) instanceof KvCache.Full layer) {
                layer.drop(slot, freeBlocks.get(i));
            }
        }
        reservedBlocks[slot] = 0;
        reservedTokens[slot] = 0;
    }

    @Override
    public void close() {
        arena.close();
    }
}
