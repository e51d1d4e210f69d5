package dev.jmlx.engine.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Memory outside the heap for weights and caches, from the C library.
///
/// `Arena.allocate` would count it against the limit of direct memory, which is the maximum heap size unless a
/// command line option says otherwise: a quarter of the machine's memory, too little for a model that fits into
/// the machine. Any thread.
public final class NativeMemory {
    /// Every allocation starts at a multiple: a cache line, and the widest vector.
    public static final long ALIGNMENT = 64;

    private static final MethodHandle CALLOC = function(
            "calloc", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE = function("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    private NativeMemory() {}

    /// `bytes` zero bytes, freed when `arena` closes. Throws OutOfMemoryError when the system has no
    /// more.
    @SuppressWarnings("restricted") // the segment is as long as what calloc gave
    public static MemorySegment allocate(long bytes, Arena arena) {
        var address = calloc(Math.addExact(bytes, ALIGNMENT));
        if (address.equals(MemorySegment.NULL)) {
            throw new OutOfMemoryError("the system has no " + bytes + " bytes of memory left");
        }
        var skip = -address.address() & (ALIGNMENT - 1);
        return address.reinterpret(bytes + ALIGNMENT, arena, NativeMemory::free).asSlice(skip, bytes);
    }

    private static MemorySegment calloc(long bytes) {
        try {
            return (MemorySegment) CALLOC.invokeExact(1L, bytes);
        } catch (Throwable t) {
            throw new AssertionError("calloc throws nothing", t);
        }
    }

    private static void free(MemorySegment address) {
        try {
            FREE.invokeExact(address);
        } catch (Throwable t) {
            throw new AssertionError("free throws nothing", t);
        }
    }

    @SuppressWarnings("restricted") // a C library function with the types of its declaration
    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        var linker = Linker.nativeLinker();
        var address = linker.defaultLookup()
                .find(name)
                .orElseThrow(() -> new IllegalStateException("the C library has no function " + name));
        return linker.downcallHandle(address, descriptor);
    }
}
