package dev.jmlx.tokenizer;

import java.util.stream.IntStream;

/// The ids that a `post_processor` puts before and after a single text, such as a BOS token.
///
/// [Tokenizer#encode] never adds them, because a rendered chat template has them already; a prompt
/// without a template needs them. Immutable, any thread.
public record Affixes(int[] prefix, int[] suffix) {

    /// Nothing before and nothing after.
    public static final Affixes NONE = new Affixes(new int[0], new int[0]);

    /// These ids with those of `outer` around them.
    public Affixes within(Affixes outer) {
        return new Affixes(join(outer.prefix, prefix), join(suffix, outer.suffix));
    }

    private static int[] join(int[] left, int[] right) {
        return IntStream.concat(IntStream.of(left), IntStream.of(right)).toArray();
    }
}
