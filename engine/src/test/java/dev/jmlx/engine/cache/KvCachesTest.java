package dev.jmlx.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.HashSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class KvCachesTest {
    @Test
    void releasedBlocksServeTheNextSequence() {
        try (var caches = new KvCaches(CacheType.F16, 2, 3, 1000, 2, 16)) {
            caches.reserve(0, KvCaches.BLOCK_TOKENS + 1);
            var before = new HashSet<Long>();
            before.add(caches.layer(0).block(0, 0).address());
            before.add(caches.layer(0).block(0, KvCaches.BLOCK_TOKENS).address());
            caches.release(0);
            caches.reserve(2, 2 * KvCaches.BLOCK_TOKENS);
            assertThat(before)
                    .containsExactlyInAnyOrder(
                            caches.layer(0).block(2, 0).address(),
                            caches.layer(0).block(2, KvCaches.BLOCK_TOKENS).address());
        }
    }

    @Test
    void hugeContextCostsNothingUntilItIsUsed() {
        try (var caches = new KvCaches(CacheType.F16, 100, 100, Integer.MAX_VALUE, 2, 16)) {
            caches.reserve(99, 3000);
            assertThat(caches.layer(99).block(99, 2999).byteSize()).isPositive();
        }
    }

    @Test
    void refusesMorePositionsThanAgreed() {
        try (var caches = new KvCaches(CacheType.F16, 1, 1, 1000, 2, 16)) {
            assertThatThrownBy(() -> caches.reserve(0, 1001)).hasMessage("1001 positions; a sequence has at most 1000");
        }
    }

    @Test
    void reservingAgainKeepsWhatIsThere() {
        try (var caches = new KvCaches(CacheType.F16, 1, 1, 1000, 2, 16)) {
            caches.reserve(0, 1);
            var first = caches.layer(0).block(0, 0).address();
            caches.reserve(0, 1000);
            assertThat(caches.layer(0).block(0, KvCaches.BLOCK_TOKENS - 1).address())
                    .isEqualTo(first);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBlockHoldsWhatIsPlannedForItsPositions(CacheType type) {
        try (var caches = new KvCaches(type, 1, 1, 1000, 3, 20)) {
            caches.reserve(0, 1);
            var readAhead = KvCache.Full.READ_AHEAD * type.elementBytes();
            assertThat(caches.layer(0).block(0, 0).byteSize())
                    .isEqualTo(KvCaches.bytesFor(type, 1, KvCaches.BLOCK_TOKENS, 3, 20) + readAhead);
        }
    }

    @Test
    void plansTheBytesOfEachType() {
        assertThat(KvCaches.bytesFor(CacheType.F32, 30, 1000, 3, 64)).isEqualTo(30 * 1000L * 2 * 3 * 64 * 4);
        assertThat(KvCaches.bytesFor(CacheType.F16, 30, 1000, 3, 64)).isEqualTo(30 * 1000L * 2 * 3 * 64 * 2);
        assertThat(KvCaches.bytesFor(CacheType.BF16, 80, 1_000_000, 8, 128))
                .isEqualTo(80 * 1_000_000L * 2 * 8 * 128 * 2);
        assertThat(KvCaches.bytesFor(CacheType.INT8, 1, 1, 1, 64)).isEqualTo(2 * (64 + 4));
    }

    @ParameterizedTest
    @EnumSource
    void everyElementAndScaleHasItsOwnPlace(CacheType type) {
        try (var caches = new KvCaches(type, 1, 1, 1000, 2, 20)) {
            caches.reserve(0, KvCaches.BLOCK_TOKENS);
            var layer = caches.layer(0);
            var taken = new BitSet();
            for (var head = 0; head < 2; head++) {
                for (var position = 0; position < KvCaches.BLOCK_TOKENS; position++) {
                    for (var d = 0; d < 20; d++) {
                        take(
                                taken,
                                layer.keys(head, position) + (long) d * KvCache.Full.STRIP * type.elementBytes(),
                                type.elementBytes());
                        take(taken, layer.values(head, position) + (long) d * type.elementBytes(), type.elementBytes());
                    }
                    if (type == CacheType.INT8) {
                        take(taken, layer.keyScale(head, position), Float.BYTES);
                        take(taken, layer.valueScale(head, position), Float.BYTES);
                    }
                }
            }
            assertThat((long) taken.length())
                    .isLessThanOrEqualTo(layer.block(0, 0).byteSize());
        }
    }

    private static void take(BitSet taken, long from, int bytes) {
        var at = (int) from;
        assertThat(taken.get(at, at + bytes).isEmpty())
                .as("byte %d is free", at)
                .isTrue();
        taken.set(at, at + bytes);
    }
}
