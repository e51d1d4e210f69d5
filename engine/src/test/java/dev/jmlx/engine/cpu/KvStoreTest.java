package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.KvCaches;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What the cache's types make of a number: the scalar reference of attention uses the same code, so parity
/// says nothing about it.
class KvStoreTest {
    private static final int HEAD_DIM = 100;

    @Test
    void halvesAreTheNearest() {
        var values = random(1);
        withStored(CacheType.F16, values, (cache, position) -> {
            for (var d = 0; d < HEAD_DIM; d++) {
                var expected = Float.floatToFloat16(values[d]);
                assertThat(half(cache, cache.keys(0, position), d, KvCache.Full.STRIP))
                        .isEqualTo(expected);
                assertThat(half(cache, cache.values(0, position), d, 1)).isEqualTo(expected);
            }
        });
    }

    @Test
    void halvesSaturateAndLoseSubnormals() {
        var values = new float[HEAD_DIM];
        values[0] = 1e9f;
        values[1] = -1e9f;
        values[2] = Math.nextDown(0x1p-14f);
        values[3] = -0x1p-20f;
        values[4] = 0x1p-14f;
        withStored(CacheType.F16, values, (cache, position) -> {
            var at = cache.values(0, position);
            assertThat(Float.float16ToFloat(half(cache, at, 0, 1))).isEqualTo(65504);
            assertThat(Float.float16ToFloat(half(cache, at, 1, 1))).isEqualTo(-65504);
            assertThat(Float.float16ToFloat(half(cache, at, 2, 1))).isEqualTo(0);
            assertThat(Float.float16ToFloat(half(cache, at, 3, 1))).isEqualTo(-0f);
            assertThat(Float.float16ToFloat(half(cache, at, 4, 1))).isEqualTo(0x1p-14f);
        });
    }

    @Test
    void brainFloatsAreTheNearest() {
        var values = random(1e20f);
        withStored(CacheType.BF16, values, (cache, position) -> {
            for (var d = 0; d < HEAD_DIM; d++) {
                var stored = Float.intBitsToFloat(half(cache, cache.values(0, position), d, 1) << Short.SIZE);
                assertThat(Math.abs(stored - values[d])).isLessThanOrEqualTo(Math.abs(values[d]) * 0x1p-8f);
            }
        });
    }

    @Test
    void bytesAreTheNearestMultiplesOfTheHeadsScale() {
        var values = random(3);
        values[17] = -20;
        withStored(CacheType.INT8, values, (cache, position) -> {
            var block = cache.block(0, position);
            var scale = block.get(ValueLayout.JAVA_FLOAT, cache.valueScale(0, position));
            assertThat(scale).isEqualTo(20f / 127);
            assertThat(block.get(ValueLayout.JAVA_FLOAT, cache.keyScale(0, position)))
                    .isEqualTo(scale);
            for (var d = 0; d < HEAD_DIM; d++) {
                var stored = scale * block.get(ValueLayout.JAVA_BYTE, cache.values(0, position) + d);
                assertThat(Math.abs(stored - values[d])).isLessThanOrEqualTo(scale * 0.50001f);
            }
        });
    }

    @Test
    void aHeadOfZerosHasTheScaleZero() {
        withStored(CacheType.INT8, new float[HEAD_DIM], (cache, position) -> {
            var block = cache.block(0, position);
            assertThat(block.get(ValueLayout.JAVA_FLOAT, cache.valueScale(0, position)))
                    .isZero();
            assertThat(block.get(ValueLayout.JAVA_BYTE, cache.values(0, position)))
                    .isZero();
        });
    }

    @Test
    void latentsAreStoredOnceInARow() {
        var values = random(1);
        try (var caches = new KvCaches(CacheType.F16, List.of(CacheShape.latent(HEAD_DIM, 64)), 1, 1000)) {
            var cache = caches.full(0);
            caches.reserve(0, 334);
            new KvStore().store(values, 0, values, 0, cache, 0, 333);
            assertThat(cache.values(0, 333)).isEqualTo(cache.keys(0, 333));
            for (var d = 0; d < HEAD_DIM; d++) {
                assertThat(half(cache, cache.keys(0, 333), d, 1)).isEqualTo(Float.floatToFloat16(values[d]));
            }
        }
    }

    private interface Check {
        void run(KvCache.Full cache, int position);
    }

    private static void withStored(CacheType type, float[] values, Check check) {
        try (var caches = new KvCaches(type, CacheShape.full(1, 1, HEAD_DIM), 1, 1000)) {
            var position = 333;
            caches.reserve(0, position + 1);
            new KvStore().store(values, 0, values, 0, caches.full(0), 0, position);
            check.run(caches.full(0), position);
        }
    }

    private static short half(KvCache.Full cache, long at, int d, int step) {
        return cache.block(0, 333).get(ValueLayout.JAVA_SHORT, at + (long) d * step * Short.BYTES);
    }

    private static float[] random(float magnitude) {
        var random = new Random(2);
        var values = new float[HEAD_DIM];
        for (var d = 0; d < HEAD_DIM; d++) {
            values[d] = magnitude * ((d % 2 == 0 ? 1 : -1) * (0.01f + random.nextFloat()));
        }
        return values;
    }
}
