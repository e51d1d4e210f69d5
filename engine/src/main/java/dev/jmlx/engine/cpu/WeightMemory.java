package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Zeroed memory for the weights of one model: matrices side by side in large blocks, so that huge pages can
/// back them.
///
/// Decoding reads all weights once a token. With pages of 4 KiB each brings a miss in the address translation,
/// which inside a virtual machine is many times dearer. Engine's loading thread.
final class WeightMemory {
    private static final long BLOCK_BYTES = 64L << 20;

    private MemorySegment free = MemorySegment.NULL;

    /// `bytes` bytes that start at a multiple of [NativeMemory#ALIGNMENT], freed when `arena` closes,
    /// which is the same one in all calls.
    MemorySegment take(long bytes, Arena arena) {
        var taken = Math.ceilDiv(bytes, NativeMemory.ALIGNMENT) * NativeMemory.ALIGNMENT;
        if (taken > free.byteSize()) {
            free = NativeMemory.allocateLarge(Math.max(taken, BLOCK_BYTES), arena);
        }
        var segment = free.asSlice(0, bytes);
        free = free.asSlice(taken);
        return segment;
    }
}
