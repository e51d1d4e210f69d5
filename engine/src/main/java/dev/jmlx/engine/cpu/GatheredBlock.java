package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A block with copies of positions that are scattered over a cache of one key-value head; the scratch of one
/// worker.
final class GatheredBlock {
    private MemorySegment block = MemorySegment.NULL;

    /// The keys and values of the positions `chosen[at .. at + count - 1]`, one after the other from position 0
    /// on; valid until the next call.
    MemorySegment gather(KvCache.Full cache, int slot, float[] chosen, int at, int count) {
        if (block.byteSize() < cache.blockBytes()) {
            block = Arena.ofAuto().allocate(cache.blockBytes(), Long.BYTES);
        }
        for (var i = 0; i < count; i++) {
            var position = (int) chosen[at + i];
            var from = cache.block(slot, position);
            keys(
                    from,
                    cache.keys(0, position),
                    cache.keys(0, i),
                    cache.headDim(),
                    cache.type().elementBytes());
            copy(
                    from,
                    cache.values(0, position),
                    cache.values(0, i),
                    cache.valueDim() * cache.type().elementBytes());
            if (cache.type().scaleBytes() > 0) {
                copy(from, cache.keyScale(0, position), cache.keyScale(0, i), Float.BYTES);
                copy(from, cache.valueScale(0, position), cache.valueScale(0, i), Float.BYTES);
            }
        }
        return block;
    }

    private void copy(MemorySegment from, long at, long to, int bytes) {
        MemorySegment.copy(from, at, block, to, bytes);
    }

    private void keys(MemorySegment from, long at, long to, int count, int bytes) {
        var step = (long) KvCache.Full.STRIP * bytes;
        switch (bytes) {
            case 1 -> {
                for (var d = 0L; d < count * step; d += step) {
                    block.set(ValueLayout.JAVA_BYTE, to + d, from.get(ValueLayout.JAVA_BYTE, at + d));
                }
            }
            case 2 -> {
                for (var d = 0L; d < count * step; d += step) {
                    block.set(
                            ValueLayout.JAVA_SHORT_UNALIGNED,
                            to + d,
                            from.get(ValueLayout.JAVA_SHORT_UNALIGNED, at + d));
                }
            }
            default -> {
                for (var d = 0L; d < count * step; d += step) {
                    block.set(ValueLayout.JAVA_INT_UNALIGNED, to + d, from.get(ValueLayout.JAVA_INT_UNALIGNED, at + d));
                }
            }
        }
    }
}
