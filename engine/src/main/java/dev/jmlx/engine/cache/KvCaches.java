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
/// The scheduler reserves positions before a step and releases a slot when its sequence ends; a released block,
/// and one that a layer's [Reach] has left behind, goes to a free list and serves again, so memory grows to the
/// high-water mark of positions in use and stays there. Engine thread only; [#close] frees everything.
public final class KvCaches implements AutoCloseable {
    /// Positions in one block.
    public static final int BLOCK_TOKENS = 256;

    private static final long BLOCK_ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final List<KvCache> layers;

    /// The layers' caches that have blocks.
    private final List<KvCache.Full> blocked = new ArrayList<>();

    /// By number in [#blocked]; caches whose blocks are of the same size share a list.
    private final List<Deque<MemorySegment>> freeBlocks = new ArrayList<>();

    private final List<KvCache.State> states = new ArrayList<>();

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
        this.reservedBlocks = new int[slots];
        this.reservedTokens = new int[slots];
        for (var shape : shapes) {
            layers.add(
                    switch (shape) {
                        case CacheShape full -> blocked(full, slots);
                        case IndexedShape indexed ->
                            new KvCache.Indexed(blocked(indexed.attended(), slots), blocked(indexed.index(), slots));
                        case StateShape state -> state(state, slots);
                    });
        }
    }

    private KvCache.Full blocked(CacheShape shape, int slots) {
        var cache = new KvCache.Full(type, slots, shape);
        blocked.add(cache);
        freeBlocks.add(freeBySize.computeIfAbsent(cache.blockBytes(), _ -> new ArrayDeque<>()));
        return cache;
    }

    private KvCache.State state(StateShape shape, int slots) {
        var cache = new KvCache.State(slots, shape);
        states.add(cache);
        return cache;
    }

    public KvCache layer(int index) {
        return layers.get(index);
    }

    /// The cache of a layer of attention.
    public KvCache.Full full(int index) {
        return (KvCache.Full) layers.get(index);
    }

    /// Makes room for positions `0 .. tokens - 1` of `slot` in every layer. Positions that the last call made
    /// room for count as written, so that layers let go of those which no new token reaches.
    ///
    /// Throws OutOfMemoryError when the system has no more; the slot can then be released like any
    /// other.
    public void reserve(int slot, int tokens) {
        if (tokens > maxTokens) {
            throw new IllegalArgumentException(tokens + " positions; a sequence has at most " + maxTokens);
        }
        for (var i = 0; i < blocked.size(); i++) {
            var cache = blocked.get(i);
            cache.dropBefore(slot, cache.reach().first(reservedTokens[slot]), freeBlocks.get(i));
        }
        if (reservedTokens[slot] == 0) {
            states.forEach(state -> state.begin(slot));
        }
        var wanted = Math.ceilDiv(tokens, BLOCK_TOKENS);
        for (; reservedBlocks[slot] < wanted; reservedBlocks[slot]++) {
            for (var i = 0; i < blocked.size(); i++) {
                var free = freeBlocks.get(i).poll();
                blocked.get(i).put(slot, reservedBlocks[slot], free != null ? free : allocate(blocked.get(i)));
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
                case CacheShape full -> blockBytes(type, full, tokens);
                case IndexedShape indexed ->
                    blockBytes(type, indexed.attended(), tokens) + blockBytes(type, indexed.index(), tokens);
                case StateShape state -> state.bytesFor(type, tokens);
            };
        }
        return bytes;
    }

    private static long blockBytes(CacheType type, CacheShape shape, int tokens) {
        return shape.withAll().bytesFor(type, positions(shape.reach(), tokens));
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
        for (var i = 0; i < blocked.size(); i++) {
            blocked.get(i).drop(slot, freeBlocks.get(i));
        }
        reservedBlocks[slot] = 0;
        reservedTokens[slot] = 0;
    }

    @Override
    public void close() {
        arena.close();
    }
}
