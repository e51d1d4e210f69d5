package dev.jmlx.engine.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

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
    private static final long HUGE_PAGE = 2L << 20;
    private static final int MADV_HUGEPAGE = 14;

    private static final MethodHandle FREE = function("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    /// Null where pages are not Linux's; the number of the advice is Linux's, too.
    private static final @Nullable MethodHandle MADVISE = System.getProperty("os.name", "")
                    .startsWith("Linux")
            ? function(
                    "madvise",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT))
            : null;

    private NativeMemory() {}

    /// `bytes` zero bytes, freed when `arena` closes. Throws OutOfMemoryError when the system has no
    /// more.
    public static MemorySegment allocate(long bytes, Arena arena) {
        return allocate(bytes, ALIGNMENT, arena);
    }

    /// As [#allocate], for blocks of many megabytes, at the start of a huge page; on Linux the system
    /// is asked to use such pages, which it does as far as it has any.
    public static MemorySegment allocateLarge(long bytes, Arena arena) {
        var segment = allocate(bytes, HUGE_PAGE, arena);
        if (MADVISE != null) {
            adviseHugePages(MADVISE, segment);
        }
        return segment;
    }

    @SuppressWarnings("restricted") // the segment is as long as what calloc gave
    private static MemorySegment allocate(long bytes, long alignment, Arena arena) {
        var address = calloc(Math.addExact(bytes, alignment));
        if (address.equals(MemorySegment.NULL)) {
            throw new OutOfMemoryError("the system has no " + bytes + " bytes of memory left");
        }
        var skip = -address.address() & (alignment - 1);
        return address.reinterpret(bytes + alignment, arena, NativeMemory::free).asSlice(skip, bytes);
    }

    private static void adviseHugePages(MethodHandle madvise, MemorySegment segment) {
        try {
            // Refused where the kernel was built without: then the pages are small ones.
            var _ = (int) madvise.invokeExact(segment, segment.byteSize(), MADV_HUGEPAGE);
        } catch (Throwable t) {
            throw new AssertionError("madvise throws nothing", t);
        }
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
