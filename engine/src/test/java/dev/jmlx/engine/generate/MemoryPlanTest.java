package dev.jmlx.engine.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.cache.StateShape;
import dev.jmlx.engine.weights.ModelLoadException;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

final class MemoryPlanTest {
    private static final long GB = 1_000_000_000;

    /// A model of the size of Llama 3.1 8B: 131,072 bytes of f16 cache for each token.
    private static final List<LayerShape> LAYERS = CacheShape.full(32, 8, 128);

    @Test
    void weightsThatDoNotFitAreRefused() {
        assertThatExceptionOfType(ModelLoadException.class)
                .isThrownBy(() -> new MemoryPlan(16 * GB, 15 * GB).requireWeightsFit())
                .withMessage("the model's weights take 15.0 GB, and of this machine's 16.0 GB at most 14.1 GB can be"
                        + " theirs; choose a model with fewer parameters or bits");
    }

    @Test
    void modelsOwnLimitHoldsWhereItFits() {
        assertThat(length(64 * GB, 0)).isEqualTo(131_072);
    }

    @Test
    void contextIsWhatFitsOtherwise() {
        var length = length(16 * GB, 0);
        assertThat(KvCaches.bytesFor(CacheType.F16, LAYERS, length)).isLessThanOrEqualTo(91 * GB / 10);
        assertThat(KvCaches.bytesFor(CacheType.F16, LAYERS, length + 256)).isGreaterThan(91 * GB / 10);
    }

    @Test
    void contextThatIsAskedForAndDoesNotFitIsRefusedWithTheLongestThatDoes() {
        var longest = length(16 * GB, 0);
        assertThat(length(16 * GB, longest)).isEqualTo(longest);
        assertThatExceptionOfType(ModelLoadException.class)
                .isThrownBy(() -> length(16 * GB, 100_000))
                .withMessageContaining("a context of 100,000 tokens takes 13.1 GB, and 9.1 GB")
                .withMessageContaining(String.format(Locale.ROOT, "has %,d tokens", longest));
    }

    @Test
    void contextBeyondTheModelsIsTheModels() {
        assertThat(length(64 * GB, 1_000_000)).isEqualTo(131_072);
    }

    @Test
    void windowsAndStatesDoNotGrow() {
        List<LayerShape> shapes = List.of(new CacheShape(8, 128, new Reach.Window(1024)), new StateShape(1 << 20));
        var bytes = KvCaches.bytesFor(CacheType.F16, shapes, 10_000);
        assertThat(KvCaches.bytesFor(CacheType.F16, shapes, 1_000_000)).isEqualTo(bytes);
    }

    private static int length(long memory, int wanted) {
        return new MemoryPlan(memory, 5 * GB).contextLength(wanted, 131_072, CacheType.F16, LAYERS);
    }
}
