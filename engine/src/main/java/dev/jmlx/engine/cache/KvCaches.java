package dev.jmlx.engine.cache;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
    /// By layer; layers whose blocks are of the same size share a list.
    private final List<Deque<MemorySegment>> freeBlocks;

    private final Map<Long, Deque<MemorySegment>> freeBySize = new HashMap<>();
    private final List<? extends LayerShape> shapes;
    private final CacheType type;
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
        this.shapes = List.copyOf(shapes);
        this.type = type;
        this.layers = new ArrayList<>(shapes.size());
        this.freeBlocks = new ArrayList<>(shapes.size());
        this.reservedBlocks = new int[slots];
        this.reservedTokens = new int[slots];
        for (var shape : shapes) {
            switch (shape) {
                case CacheShape full -> {
                    var layer = new KvCache.Full(type, slots, full);
                    this.layers.add(layer);
                    this.freeBlocks.add(freeBySize.computeIfAbsent(layer.blockBytes(), _ -> new ArrayDeque<>()));
                }
                case StateShape state -> {
                    this.layers.add(new KvCache.State(slots, state));
                    this.freeBlocks.add(new ArrayDeque<>());
                }
            }
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

    /// Bytes that no sequence has reserved of those that all may.
    public long freeBytes() {
        var free = maxBytes - allocatedBytes;
        for (var blocks : freeBySize.entrySet()) {
            free += blocks.getKey() * blocks.getValue().size();
        }
        return free;
    }

    /// Bytes of the blocks that a sequence of `tokens` positions has.
    public long bytesFor(int tokens) {
        return bytesFor(type, shapes, tokens);
    }

    /// The same for layers of any shapes, with the states of those that have one.
    public static long bytesFor(CacheType type, List<? extends LayerShape> shapes, int tokens) {
        var bytes = 0L;
        for (var shape : shapes) {
            bytes += switch (shape) {
                case CacheShape full -> full.withAll().bytesFor(type, positions(full.reach(), tokens));
                case StateShape state -> state.bytesFor(type, tokens);
            };
        }
        return bytes;
    }

    /// Positions in whole blocks: where a window moves, the blocks that it leaves stay until the next step, and
    /// a step has as many positions as a block.
    private static int positions(Reach reach, int tokens) {
        var all = Math.ceilDiv((long) tokens, BLOCK_TOKENS);
        var most = Math.ceilDiv((long) reach.most(tokens) + BLOCK_TOKENS, BLOCK_TOKENS) + 1;
        return (int) Math.min(Integer.MAX_VALUE, Math.min(all, most) * BLOCK_TOKENS);
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
