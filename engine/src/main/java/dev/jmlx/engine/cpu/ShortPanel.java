package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Unpacks 4-bit weights in row blocks into the panels of [ShortTile]. Any thread.
final class ShortPanel {
    private ShortPanel() {}

    /// Writes `words * 8` columns of two row blocks, whose words begin at bytes `low` and `high`, to
    /// `panel[to ..]`, [ShortTile#WIDTH] ints from column to column: each an int of two centred values,
    /// that of block `low` in the low half.
    static void unpack(MemorySegment packed, long low, long high, int words, int[] panel, int to) {
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
}
