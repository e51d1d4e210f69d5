package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Unpacks 4-bit weights in row blocks into the panels of [ShortTile] and [PanelTile]. Any thread.
final class Panels {
    private Panels() {}

    /// Writes `words * 8` columns of two row blocks, whose words begin at bytes `low` and `high`, to
    /// `panel[to ..]`, [ShortTile#WIDTH] ints from column to column: each an int of two centred values, that of
    /// block `low` in the low half.
    static void unpackShorts(MemorySegment packed, long low, long high, int words, int[] panel, int to) {
        for (var word = 0; word < words; word++) {
            var a = IntVector.fromMemorySegment(
                    Lanes.INT, packed, low + (long) word * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
            var b = IntVector.fromMemorySegment(
                    Lanes.INT, packed, high + (long) word * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
            var first = a.and(0xFFFF).or(b.lanewise(VectorOperators.LSHL, 16));
            var second = a.lanewise(VectorOperators.LSHR, 16).or(b.and(0xFFFF0000));
            var at = to + word * 8 * ShortTile.WIDTH;
            for (var k = 0; k < 4; k++, at += ShortTile.WIDTH) {
                first.and(0x000F_000F)
                        .reinterpretAsShorts()
                        .sub((short) 8)
                        .reinterpretAsInts()
                        .intoArray(panel, at);
                second.and(0x000F_000F)
                        .reinterpretAsShorts()
                        .sub((short) 8)
                        .reinterpretAsInts()
                        .intoArray(panel, at + 4 * ShortTile.WIDTH);
                first = first.lanewise(VectorOperators.LSHR, 4);
                second = second.lanewise(VectorOperators.LSHR, 4);
            }
        }
    }

    /// Writes `words * 8` columns of the row block whose words begin at byte `start`, dequantized, to
    /// `panel[to ..]`, [PanelTile#WIDTH] floats from column to column. The scales and biases of the first group
    /// are at `scale` of theirs, [Lanes#COUNT] floats from group to group.
    static void unpackFloats(
            MemorySegment packed,
            long start,
            int words,
            int groupWords,
            float[] scales,
            float[] biases,
            int scale,
            float[] panel,
            int to) {
        for (var word = 0; word < words; word++) {
            var g = scale + word / groupWords * Lanes.COUNT;
            var s = FloatVector.fromArray(Lanes.FLOAT, scales, g);
            var b = FloatVector.fromArray(Lanes.FLOAT, biases, g);
            var a = IntVector.fromMemorySegment(
                    Lanes.INT, packed, start + (long) word * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
            var at = to + word * 8 * PanelTile.WIDTH;
            for (var k = 0; k < 8; k++, at += PanelTile.WIDTH) {
                ((FloatVector) a.and(0xF).convert(VectorOperators.I2F, 0))
                        .fma(s, b)
                        .intoArray(panel, at);
                a = a.lanewise(VectorOperators.LSHR, 4);
            }
        }
    }
}
