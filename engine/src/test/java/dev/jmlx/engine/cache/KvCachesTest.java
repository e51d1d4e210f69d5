package dev.jmlx.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import org.junit.jupiter.api.Test;

final class KvCachesTest {
    @Test
    void releasedBlocksServeTheNextSequence() {
        try (var caches = new KvCaches(2, 3, 1000, 2, 16)) {
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
        try (var caches = new KvCaches(100, 100, Integer.MAX_VALUE, 2, 16)) {
            caches.reserve(99, 3000);
            assertThat(caches.layer(99).block(99, 2999).byteSize()).isPositive();
        }
    }

    @Test
    void refusesMorePositionsThanAgreed() {
        try (var caches = new KvCaches(1, 1, 1000, 2, 16)) {
            assertThatThrownBy(() -> caches.reserve(0, 1001)).hasMessage("1001 positions; a sequence has at most 1000");
        }
    }

    @Test
    void reservingAgainKeepsWhatIsThere() {
        try (var caches = new KvCaches(1, 1, 1000, 2, 16)) {
            caches.reserve(0, 1);
            var first = caches.layer(0).block(0, 0).address();
            caches.reserve(0, 1000);
            assertThat(caches.layer(0).block(0, KvCaches.BLOCK_TOKENS - 1).address())
                    .isEqualTo(first);
            assertThat(caches.layer(0).block(0, 999).byteSize()).isEqualTo(2L * 2 * KvCaches.BLOCK_TOKENS * 16 * 4);
        }
    }
}
