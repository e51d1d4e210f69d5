package dev.jmlx.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/// What the machine can do at the moment: the limits that kernel rates of the same run are to be compared with.
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class MachineLimits {
    private static final VectorSpecies<Long> LONG = LongVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> FLOAT = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORT = ShortVector.SPECIES_PREFERRED;

    /// More than a core's share of any cache.
    private static final int BYTES = 200 << 20;

    private static final int STEPS = 1 << 16;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate(BYTES, 64);

    /// Touches every page: an untouched one is the same page of zeros everywhere.
    @Setup
    public void fill() {
        memory.fill((byte) 1);
    }

    @TearDown
    public void free() {
        arena.close();
    }

    @Benchmark
    @Threads(1)
    public long memoryReadByOneThread(Work work) {
        return read(work);
    }

    @Benchmark
    @Threads(2)
    public long memoryReadByTwoThreads(Work work) {
        return read(work);
    }

    @Benchmark
    @Threads(1)
    public float multiplyAddByOneThread(Work work) {
        return multiplyAdd(work);
    }

    @Benchmark
    @Threads(2)
    public float multiplyAddByTwoThreads(Work work) {
        return multiplyAdd(work);
    }

    /// What the kernels of 4-bit weights are made of: a 16-bit product and a sum, two instructions.
    @Benchmark
    @Threads(1)
    public long shortMultiplyAddByOneThread(Work work) {
        return shortMultiplyAdd(work);
    }

    @Benchmark
    @Threads(2)
    public long shortMultiplyAddByTwoThreads(Work work) {
        return shortMultiplyAdd(work);
    }

    private long read(Work work) {
        var a = LongVector.zero(LONG);
        var b = a;
        var step = LONG.vectorByteSize();
        for (var at = 0L; at < BYTES; at += 2L * step) {
            a = a.lanewise(
                    VectorOperators.XOR, LongVector.fromMemorySegment(LONG, memory, at, ByteOrder.LITTLE_ENDIAN));
            b = b.lanewise(
                    VectorOperators.XOR,
                    LongVector.fromMemorySegment(LONG, memory, at + step, ByteOrder.LITTLE_ENDIAN));
        }
        work.add(BYTES, 0);
        return a.lanewise(VectorOperators.XOR, b).reduceLanes(VectorOperators.XOR);
    }

    /// Twelve independent chains, enough to fill two units of four or five cycles.
    private float multiplyAdd(Work work) {
        var m = FloatVector.broadcast(FLOAT, 0.999f);
        var a = FloatVector.broadcast(FLOAT, 1);
        var b = FloatVector.broadcast(FLOAT, 2);
        var c = FloatVector.broadcast(FLOAT, 3);
        var d = FloatVector.broadcast(FLOAT, 4);
        var e = FloatVector.broadcast(FLOAT, 5);
        var f = FloatVector.broadcast(FLOAT, 6);
        var g = FloatVector.broadcast(FLOAT, 7);
        var h = FloatVector.broadcast(FLOAT, 8);
        var i = FloatVector.broadcast(FLOAT, 9);
        var j = FloatVector.broadcast(FLOAT, 10);
        var k = FloatVector.broadcast(FLOAT, 11);
        var l = FloatVector.broadcast(FLOAT, 12);
        for (var step = 0; step < STEPS; step++) {
            a = a.fma(m, m);
            b = b.fma(m, m);
            c = c.fma(m, m);
            d = d.fma(m, m);
            e = e.fma(m, m);
            f = f.fma(m, m);
            g = g.fma(m, m);
            h = h.fma(m, m);
            i = i.fma(m, m);
            j = j.fma(m, m);
            k = k.fma(m, m);
            l = l.fma(m, m);
        }
        work.add(0, 2.0 * 12 * FLOAT.length() * STEPS);
        var sum = a.add(b)
                .add(c)
                .add(d)
                .add(e)
                .add(f)
                .add(g)
                .add(h)
                .add(i)
                .add(j)
                .add(k)
                .add(l);
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /// Twelve independent chains, as in [#multiplyAdd].
    private long shortMultiplyAdd(Work work) {
        var m = ShortVector.broadcast(SHORT, STEPS / 3);
        var a = m;
        var b = m.add((short) 1);
        var c = m.add((short) 2);
        var d = m.add((short) 3);
        var e = m.add((short) 4);
        var f = m.add((short) 5);
        var g = m.add((short) 6);
        var h = m.add((short) 7);
        var i = m.add((short) 8);
        var j = m.add((short) 9);
        var k = m.add((short) 10);
        var l = m.add((short) 11);
        for (var step = 0; step < STEPS; step++) {
            a = a.mul(m).add(m);
            b = b.mul(m).add(m);
            c = c.mul(m).add(m);
            d = d.mul(m).add(m);
            e = e.mul(m).add(m);
            f = f.mul(m).add(m);
            g = g.mul(m).add(m);
            h = h.mul(m).add(m);
            i = i.mul(m).add(m);
            j = j.mul(m).add(m);
            k = k.mul(m).add(m);
            l = l.mul(m).add(m);
        }
        work.add(0, 2.0 * 12 * SHORT.length() * STEPS);
        var sum = a.add(b)
                .add(c)
                .add(d)
                .add(e)
                .add(f)
                .add(g)
                .add(h)
                .add(i)
                .add(j)
                .add(k)
                .add(l);
        return sum.reduceLanes(VectorOperators.ADD);
    }
}
