package dev.jmlx.engine.cache;

/// Which positions a token attends to: its own and those before it, from [#first] on.
///
/// Models say it for each layer; caches let go of what no later token reaches. Immutable.
public sealed interface Reach {
    /// Everything.
    Reach ALL = new All();

    /// The first position that the token at `position` attends to; never falls as `position` grows.
    int first(int position);

    /// Positions that are needed at most when a sequence has `tokens`.
    int most(int tokens);

    /// Everything (full attention).
    record All() implements Reach {
        @Override
        public int first(int position) {
            return 0;
        }

        @Override
        public int most(int tokens) {
            return tokens;
        }
    }

    /// The last `positions` ones, the token's own among them (sliding window).
    record Window(int positions) implements Reach {
        @Override
        public int first(int position) {
            return Math.max(0, position - positions + 1);
        }

        @Override
        public int most(int tokens) {
            return Math.min(tokens, positions);
        }
    }

    /// Those of the token's own stretch of `positions` (chunked attention, Llama 4).
    record Chunk(int positions) implements Reach {
        @Override
        public int first(int position) {
            return position / positions * positions;
        }

        @Override
        public int most(int tokens) {
            return Math.min(tokens, positions);
        }
    }
}
