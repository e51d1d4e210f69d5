package dev.jmlx.tokenizer;

import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The spellings of a model's tokens and their ids. Immutable, any thread.
final class Vocabulary {

    /// What [#id] returns for a spelling that is not a token.
    static final int NONE = -1;

    private final Map<String, Integer> ids;
    private final @Nullable String[] spellings;

    /// Takes `ids` over: the caller changes it no more.
    Vocabulary(Map<String, Integer> ids) {
        this.ids = ids;
        this.spellings = new String[ids.isEmpty() ? 0 : Collections.max(ids.values()) + 1];
        ids.forEach((spelling, id) -> spellings[id] = spelling);
    }

    /// The id of `spelling`, or [#NONE].
    int id(String spelling) {
        var id = ids.get(spelling);
        return id == null ? NONE : id;
    }

    /// The spelling of every id below `length`, in a new array; null where an id is unused.
    @Nullable
    String[] spellings(int length) {
        return Arrays.copyOf(spellings, length);
    }

    /// One more than the largest id.
    int size() {
        return spellings.length;
    }
}
