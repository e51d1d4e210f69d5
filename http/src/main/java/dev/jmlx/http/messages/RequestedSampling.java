package dev.jmlx.http.messages;

import org.jspecify.annotations.Nullable;

/// Sampling values that a request or the configuration states; null where it is silent.
public record RequestedSampling(
        @Nullable Double temperature,
        @Nullable Double topP,
        @Nullable Integer topK) {
    public static final RequestedSampling SILENT = new RequestedSampling(null, null, null);
}
