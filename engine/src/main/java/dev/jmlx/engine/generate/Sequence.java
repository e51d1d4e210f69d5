package dev.jmlx.engine.generate;

import dev.jmlx.engine.ops.Batch;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// A generation in the running batch: its slot, and how far it has come. Engine thread only.
final class Sequence {
    private final Generation generation;
    private final int slot;
    private final int contextLength;
    private final SplittableRandom random;
    private final int[] lastToken = new int[1];
    private int cached;
    private int generated;

    Sequence(Generation generation, int slot, int contextLength) {
        this.generation = generation;
        this.slot = slot;
        this.contextLength = contextLength;
        var seed = generation.request().sampling().seed();
        this.random = seed == null ? new SplittableRandom() : new SplittableRandom(seed);
    }

    Generation generation() {
        return generation;
    }

    int slot() {
        return slot;
    }

    SplittableRandom random() {
        return random;
    }

    boolean isPrefilling() {
        return cached < promptLength();
    }

    /// Tokens that the next step would compute at most.
    int pendingTokens() {
        return isPrefilling() ? promptLength() - cached : 1;
    }

    /// Positions in use after the next `count` tokens.
    int cachedAfter(int count) {
        return cached + count;
    }

    /// Adds the next `count` tokens to the batch; true when their last row's logits are wanted.
    boolean addTo(Batch batch, int count) {
        if (!isPrefilling()) {
            batch.add(slot, cached, lastToken, 0, 1, Batch.Logits.LAST);
            cached++;
            return true;
        }
        var complete = cached + count == promptLength();
        batch.add(
                slot,
                cached,
                generation.request().promptIds(),
                cached,
                count,
                complete ? Batch.Logits.LAST : Batch.Logits.NONE);
        cached += count;
        return complete;
    }

    /// Takes a sampled token. Returns the end that it brings, or null when the sequence goes on.
    @Nullable
    FinishReason accept(int token) {
        var request = generation.request();
        for (var stop : request.stopIds()) {
            if (stop == token) {
                return FinishReason.END_OF_SEQUENCE;
            }
        }
        generation.deliver(token);
        lastToken[0] = token;
        generated++;
        if (generated == request.maxTokens()) {
            return FinishReason.MAX_TOKENS;
        }
        return promptLength() + generated == contextLength ? FinishReason.CONTEXT_FULL : null;
    }

    private int promptLength() {
        return generation.request().promptIds().length;
    }
}
