package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Batch;
import java.util.Arrays;

/// How an attention operation falls into units of work: a tile of queries of one key-value head, over all its
/// positions or, where there are fewer tiles than keep the threads busy, over a stretch of them. The units of
/// one tile are consecutive. One long-lived object; planning allocates nothing for sizes that were seen before.
/// Engine thread; the getters any.
final class AttentionPlan {
    /// Units that each thread should get, so that the last ones to finish are short.
    private static final int UNITS_PER_THREAD = 3;

    /// Rows that cost as much as reading the keys and values does.
    private static final int FREE_ROWS = 4;

    private static final int FIELDS = 9;

    private final int threads;
    private int[] units = new int[0];
    private int count;
    private int partialFloats;
    private int mostPositions;

    AttentionPlan(int threads) {
        this.threads = threads;
    }

    /// Plans a batch for `group` query heads to a key-value head. `most` below the positions that a token sees:
    /// it attends to so many of them, which are numbered from 0 here, and has a tile to itself.
    void plan(Batch batch, KvCache.Full cache, int group, int most) {
        count = 0;
        partialFloats = 0;
        mostPositions = most;
        var perTile = most == Integer.MAX_VALUE ? AttentionTile.tokens(group) : 1;
        var work = 0L;
        for (var segment = 0; segment < batch.segmentCount(); segment++) {
            var end = batch.segmentStart(segment + 1);
            for (var row = batch.segmentStart(segment); row < end; row += perTile) {
                work += cache.kvHeads() * work(batch, cache, row, Math.min(perTile, end - row), group);
            }
        }
        var perUnit = Math.max(1, work / ((long) threads * UNITS_PER_THREAD));
        for (var segment = 0; segment < batch.segmentCount(); segment++) {
            var start = batch.segmentStart(segment);
            var length = batch.segmentLength(segment);
            // Long tiles first: the last ones of a segment see the most positions.
            for (var row = start + (length - 1) / perTile * perTile; row >= start; row -= perTile) {
                var tokens = Math.min(perTile, start + length - row);
                var wanted = threads == 1 ? 1 : Math.round((double) work(batch, cache, row, tokens, group) / perUnit);
                var pieces = Math.clamp(wanted, 1, strips(batch, cache, row, tokens));
                for (var head = 0; head < cache.kvHeads(); head++) {
                    addTile(
                            batch,
                            cache,
                            segment,
                            head,
                            row,
                            tokens,
                            pieces,
                            AttentionMerge.size(tokens * group, AttentionTile.width(cache)));
                }
            }
        }
    }

    /// Strips that the tile reaches.
    private int strips(Batch batch, KvCache.Full cache, int row, int tokens) {
        return Math.ceilDiv(end(batch, row, tokens), KvCache.Full.STRIP) - firstStrip(batch, cache, row);
    }

    /// Behind the last position that the tile reaches.
    private int end(Batch batch, int row, int tokens) {
        return Math.min(mostPositions, batch.position(row) + tokens);
    }

    /// The first strip that the tile reaches.
    private static int firstStrip(Batch batch, KvCache.Full cache, int row) {
        return cache.reach().first(batch.position(row)) / KvCache.Full.STRIP;
    }

    private long work(Batch batch, KvCache.Full cache, int row, int tokens, int group) {
        return (long) strips(batch, cache, row, tokens) * Math.max(FREE_ROWS, tokens * group);
    }

    private void addTile(
            Batch batch, KvCache.Full cache, int segment, int head, int row, int tokens, int pieces, int partialSize) {
        var first = firstStrip(batch, cache, row);
        var strips = strips(batch, cache, row, tokens);
        var end = end(batch, row, tokens);
        for (var piece = 0; piece < pieces; piece++) {
            var at = count++ * FIELDS;
            if (at + FIELDS > units.length) {
                units = Arrays.copyOf(units, 2 * (at + FIELDS));
            }
            units[at] = batch.segmentSlot(segment);
            units[at + 1] = head;
            units[at + 2] = row;
            units[at + 3] = tokens;
            units[at + 4] = KvCache.Full.STRIP * (first + (int) ((long) strips * piece / pieces));
            units[at + 5] = Math.min(end, KvCache.Full.STRIP * (first + (int) ((long) strips * (piece + 1) / pieces)));
            units[at + 6] = pieces;
            units[at + 7] = partialFloats;
            units[at + 8] = piece;
            partialFloats += pieces > 1 ? partialSize : 0;
        }
    }

    /// Number of units.
    int count() {
        return count;
    }

    /// Floats that all partial results take.
    int partialFloats() {
        return partialFloats;
    }

    int slot(int unit) {
        return units[unit * FIELDS];
    }

    int kvHead(int unit) {
        return units[unit * FIELDS + 1];
    }

    /// First row of the tile.
    int row(int unit) {
        return units[unit * FIELDS + 2];
    }

    int tokens(int unit) {
        return units[unit * FIELDS + 3];
    }

    /// First position; the first of a strip.
    int from(int unit) {
        return units[unit * FIELDS + 4];
    }

    /// Behind the last position.
    int to(int unit) {
        return units[unit * FIELDS + 5];
    }

    /// Units that share the tile, this one among them.
    int pieces(int unit) {
        return units[unit * FIELDS + 6];
    }

    /// Which of them this one is, from 0.
    int piece(int unit) {
        return units[unit * FIELDS + 8];
    }

    /// Where the unit's partial result begins, if it has one.
    int partial(int unit) {
        return units[unit * FIELDS + 7];
    }
}
