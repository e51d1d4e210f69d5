package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/// That units are all blocks, once each and in order, and that each thread has the same share of them.
class SharesTest {
    @Property
    void unitsFollowOneAnotherFromTheFirstBlockToTheLast(
            @ForAll @IntRange(min = 0, max = 300_000) int blocks, @ForAll @IntRange(min = 1, max = 256) int threads) {
        var units = Shares.units(threads);
        assertThat(Shares.start(blocks, threads, 0)).isZero();
        assertThat(Shares.start(blocks, threads, units)).isEqualTo(blocks);
        for (var unit = 0; unit < units; unit++) {
            assertThat(Shares.start(blocks, threads, unit + 1))
                    .isGreaterThanOrEqualTo(Shares.start(blocks, threads, unit));
        }
    }

    /// As [WorkerPool] deals the units out.
    @Property
    void aThreadBeginsWithHalfOfItsShare(
            @ForAll @IntRange(min = 0, max = 300_000) int blocks, @ForAll @IntRange(min = 1, max = 256) int threads) {
        var perThread = Shares.units(threads) / threads;
        for (var thread = 0; thread < threads; thread++) {
            var first = Shares.start(blocks, threads, thread * perThread);
            var second = Shares.start(blocks, threads, thread * perThread + 1);
            var share = Shares.start(blocks, threads, (thread + 1) * perThread) - first;
            assertThat(share).isBetween(blocks / threads, Math.ceilDiv(blocks, threads));
            assertThat(second - first).isEqualTo(Math.ceilDiv(share, 2));
        }
    }
}
