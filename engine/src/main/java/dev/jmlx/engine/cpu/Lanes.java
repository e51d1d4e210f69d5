package dev.jmlx.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The vector width of all kernels: the machine's preferred one, or what the system property `jmlx.vector.bits`
/// (128, 256 or 512) says.
///
/// The property is read here and not in the command line's package, because a species that is no static
/// constant makes every kernel box its vectors; tests use it to run each kernel at each width.
///
/// Kernels change a vector's type by `reinterpretShape` and `convertShape` with a species from here, not by
/// `reinterpretAsInts` and the like, unless the vector comes straight from arithmetic. Those are single methods
/// of the JDK for all types of vectors: what C2 takes a vector for there depends on who called them before, and
/// where it guesses wrong it boxes. Four-token steps so took half as long again in one process of five.
///
/// For the same reason a kernel whose vectors of floats or ints have another width than [#FLOAT] writes
/// `a.lanewise(ADD, b)` with two vectors, and neither `a.add(b)` nor a shift by a number: what comes from
/// a load or a loop has no known class, such methods go by the classes that they have seen, and once `add`
/// had seen two, the vectors of other kernels were boxed, 30 MB/s of garbage in one process of four. Any
/// thread.
final class Lanes {
    static final VectorSpecies<Float> FLOAT = VectorSpecies.of(float.class, shape());
    static final VectorSpecies<Integer> INT = FLOAT.withLanes(int.class);
    static final VectorSpecies<Byte> BYTE = VectorSpecies.of(byte.class, FLOAT.vectorShape());

    static final VectorSpecies<Short> SHORT = FLOAT.withLanes(short.class);

    /// As many shorts as [#FLOAT] has floats.
    static final VectorSpecies<Short> HALF =
            VectorSpecies.of(short.class, VectorShape.forBitSize(FLOAT.vectorBitSize() / 2));

    /// As many bytes as [#FLOAT] has floats, or 8 where that is less than the least vector.
    static final VectorSpecies<Byte> QUARTER =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(Long.SIZE, FLOAT.vectorBitSize() / 4)));

    /// Floats in a vector.
    static final int COUNT = FLOAT.length();

    /// Bytes in a vector.
    static final int BYTES = FLOAT.vectorByteSize();

    private Lanes() {}

    /// `count` rounded up to whole vectors.
    static int roundUp(int count) {
        return (count + COUNT - 1) & -COUNT;
    }

    /// "AVX-512", "256-bit vectors": for the start-up line.
    static String describe() {
        return FLOAT.vectorBitSize() + "-bit vectors";
    }

    private static VectorShape shape() {
        Integer bits = Integer.getInteger("jmlx.vector.bits");
        if (bits == null) {
            return FloatVector.SPECIES_PREFERRED.vectorShape();
        }
        if (bits != 128 && bits != 256 && bits != 512) {
            throw new IllegalArgumentException("jmlx.vector.bits=" + bits + ": use 128, 256 or 512");
        }
        return VectorShape.forBitSize(bits);
    }
}
