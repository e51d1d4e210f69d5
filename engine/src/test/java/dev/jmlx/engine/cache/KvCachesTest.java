package dev.jmlx.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class KvCachesTest {
    @Test
    void releasedBlocksServeTheNextSequence() {
        try (var caches = new KvCaches(CacheType.F16, CacheShape.full(2, 2, 16), 3, 1000)) {
            caches.reserve(0, KvCaches.BLOCK_TOKENS + 1);
            var before = addresses(caches, 0);
            caches.release(0);
            caches.reserve(2, 2 * KvCaches.BLOCK_TOKENS);
            assertThat(before).hasSize(4).isEqualTo(addresses(caches, 2));
        }
    }

    /// Of the two blocks of both layers.
    private static Set<Long> addresses(KvCaches caches, int slot) {
        var addresses = new HashSet<Long>();
        for (var layer = 0; layer < 2; layer++) {
            addresses.add(caches.full(layer).block(slot, 0).address());
            addresses.add(caches.full(layer).block(slot, KvCaches.BLOCK_TOKENS).address());
        }
        return addresses;
    }

    @Test
    void hugeContextCostsNothingUntilItIsUsed() {
        try (var caches = new KvCaches(CacheType.F16, CacheShape.full(100, 2, 16), 100, Integer.MAX_VALUE)) {
            caches.reserve(99, 3000);
            assertThat(caches.full(99).block(99, 2999).byteSize()).isPositive();
        }
    }

    @Test
    void blocksThatNoTokenReachesServeAgain() {
        var shapes = List.of(new CacheShape(2, 16, new Reach.Window(100)), new CacheShape(2, 16, Reach.ALL));
        try (var caches = new KvCaches(CacheType.F16, shapes, 1, 1 << 20)) {
            var blocks = new HashSet<Long>();
            for (var tokens = 1; tokens < 5000; tokens += 50) {
                caches.reserve(0, tokens);
                // The last ones that the new tokens reach, and the new ones.
                for (var position = Math.max(0, tokens - 50 - 99); position < tokens; position++) {
                    blocks.add(caches.full(0).block(0, position).address());
                }
            }
            assertThat(blocks).hasSizeLessThanOrEqualTo(3);
            assertThat(caches.full(1).block(0, 0)).isNotNull();
            caches.release(0);
            caches.reserve(0, 600);
            assertThat(caches.full(0).block(0, 0)).isNotNull();
        }
    }

    @Test
    void refusesMorePositionsThanAgreed() {
        try (var caches = new KvCaches(CacheType.F16, CacheShape.full(1, 2, 16), 1, 1000)) {
            assertThatThrownBy(() -> caches.reserve(0, 1001)).hasMessage("1001 positions; a sequence has at most 1000");
        }
    }

    @Test
    void reservingAgainKeepsWhatIsThere() {
        try (var caches = new KvCaches(CacheType.F16, CacheShape.full(1, 2, 16), 1, 1000)) {
            caches.reserve(0, 1);
            var first = caches.full(0).block(0, 0).address();
            caches.reserve(0, 1000);
            assertThat(caches.full(0).block(0, KvCaches.BLOCK_TOKENS - 1).address())
                    .isEqualTo(first);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBlockHoldsWhatIsPlannedForItsPositions(CacheType type) {
        try (var caches = new KvCaches(type, CacheShape.full(1, 3, 20), 1, 1000)) {
            caches.reserve(0, 1);
            var readAhead = KvCache.Full.READ_AHEAD * type.elementBytes();
            assertThat(caches.full(0).block(0, 0).byteSize())
                    .isEqualTo(new CacheShape(3, 20, Reach.ALL).bytesFor(type, KvCaches.BLOCK_TOKENS) + readAhead);
        }
    }

    @Test
    void plansTheBytesOfEachType() {
        assertThat(30 * new CacheShape(3, 64, Reach.ALL).bytesFor(CacheType.F32, 1000))
                .isEqualTo(30 * 1000L * 2 * 3 * 64 * 4);
        assertThat(30 * new CacheShape(3, 64, Reach.ALL).bytesFor(CacheType.F16, 1000))
                .isEqualTo(30 * 1000L * 2 * 3 * 64 * 2);
        assertThat(80 * new CacheShape(8, 128, Reach.ALL).bytesFor(CacheType.BF16, 1_000_000))
                .isEqualTo(80 * 1_000_000L * 2 * 8 * 128 * 2);
        assertThat(new CacheShape(1, 64, Reach.ALL).bytesFor(CacheType.INT8, 1)).isEqualTo(2 * (64 + 4));
        assertThat(CacheShape.latent(576, 512).bytesFor(CacheType.F16, 1)).isEqualTo(2 * 576);
        assertThat(CacheShape.latent(40, 24).bytesFor(CacheType.INT8, 1)).isEqualTo(48 + 4);
    }

    @ParameterizedTest
    @EnumSource
    void everyElementAndScaleHasItsOwnPlace(CacheType type) {
        try (var caches = new KvCaches(type, CacheShape.full(1, 2, 20), 1, 1000)) {
            caches.reserve(0, KvCaches.BLOCK_TOKENS);
            var layer = caches.full(0);
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

    /// What is planned is what a sequence takes, also where windows move in steps of a prompt.
    @Test
    void plannedBytesSufficeForASequenceInChunks() {
        var shapes = List.of(
                new CacheShape(2, 16, Reach.ALL),
                new CacheShape(2, 16, new Reach.Window(300)),
                new CacheShape(2, 16, new Reach.Chunk(512)));
        for (var tokens : new int[] {1, 256, 300, 1000, 5000}) {
            var planned = KvCaches.bytesFor(CacheType.F16, shapes, tokens);
            // Reading ahead takes a little more than positions.
            try (var caches = new KvCaches(CacheType.F16, shapes, 1, tokens, planned + planned / 8 + 10_000)) {
                for (var reserved = 0; reserved < tokens; reserved = Math.min(tokens, reserved + 256)) {
                    caches.reserve(0, Math.min(tokens, reserved + 256));
                }
            }
        }
    }

    @Test
    void whatIsReservedIsNotFree() {
        var shapes = CacheShape.full(2, 2, 16);
        try (var caches = new KvCaches(CacheType.F16, shapes, 2, 10_000, 10_000_000)) {
            caches.reserve(0, 1000);
            assertThat(caches.freeBytes()).isLessThanOrEqualTo(10_000_000 - caches.bytesFor(1000));
            caches.release(0);
            assertThat(caches.freeBytes()).isEqualTo(10_000_000);
        }
    }
}
