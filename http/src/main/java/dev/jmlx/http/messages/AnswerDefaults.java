package dev.jmlx.http.messages;

import dev.jmlx.engine.sample.SamplingParams;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What applies where a request is silent: first the configuration, then the model's own recommendation, then the
/// API's default of 1. `sampling`: only what was configured explicitly. Immutable.
public record AnswerDefaults(int maxTokens, RequestedSampling sampling) {
    private static final double API_DEFAULT = 1.0;

    /// The values for a request; `recommended` come from the model. The seed is left open.
    public SamplingParams resolve(RequestedSampling asked, RequestedSampling recommended) {
        var temperature = first(asked.temperature(), sampling.temperature(), recommended.temperature());
        var topP = first(asked.topP(), sampling.topP(), recommended.topP());
        var topK = first(asked.topK(), sampling.topK(), recommended.topK());
        return new SamplingParams(
                (float) (temperature == null ? API_DEFAULT : temperature.doubleValue()),
                // The API allows 0, which leaves only the best token.
                Math.max(Float.MIN_NORMAL, (float) (topP == null ? API_DEFAULT : topP.doubleValue())),
                topK == null ? 0 : topK.intValue(),
                null);
    }

    private static @Nullable Number first(@Nullable Number... values) {
        return Stream.of(values).filter(java.util.Objects::nonNull).findFirst().orElse(null);
    }
}
