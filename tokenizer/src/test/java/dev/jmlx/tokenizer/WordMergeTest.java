package dev.jmlx.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class WordMergeTest {

    private record Pair(int left, int right) {}

    /// Random merges over three letters, no two of which make the same text.
    private static Map<Pair, Integer> randomMerges(long seed) {
        var random = new Random(seed);
        var texts = new ArrayList<>(List.of("a", "b", "c"));
        var merges = new LinkedHashMap<Pair, Integer>();
        for (var i = 0; i < 25; i++) {
            var pair = new Pair(random.nextInt(texts.size()), random.nextInt(texts.size()));
            var text = texts.get(pair.left) + texts.get(pair.right);
            var known = texts.indexOf(text);
            if (merges.putIfAbsent(pair, known < 0 ? texts.size() : known) == null && known < 0) {
                texts.add(text);
            }
        }
        return merges;
    }

    /// The definition: merge the leftmost pair of the lowest rank until there is none.
    private static int[] slowly(int[] symbols, Map<Pair, Integer> merges) {
        var ranks = new HashMap<Pair, Integer>();
        merges.keySet().forEach(pair -> ranks.put(pair, ranks.size()));
        var word = new ArrayList<>(Arrays.stream(symbols).boxed().toList());
        while (true) {
            var best = -1;
            var bestRank = Integer.MAX_VALUE;
            for (var i = 0; i + 1 < word.size(); i++) {
                var rank = ranks.getOrDefault(new Pair(word.get(i), word.get(i + 1)), Integer.MAX_VALUE);
                if (rank < bestRank) {
                    best = i;
                    bestRank = rank;
                }
            }
            if (best < 0) {
                return word.stream().mapToInt(Integer::intValue).toArray();
            }
            var pair = word.subList(best, best + 2);
            var into = merges.get(new Pair(pair.getFirst(), pair.getLast()));
            pair.clear();
            word.add(best, into);
        }
    }

    private static MergeTable table(Map<Pair, Integer> merges) {
        var table = new MergeTable(merges.size());
        merges.forEach((pair, into) -> table.add(pair.left, pair.right, into));
        return table;
    }

    private static int[] merge(int[] symbols, MergeTable merges) {
        var out = new IdList(4);
        new WordMerge(merges, symbols.clone()).run(out);
        return out.toArray();
    }

    @Property
    void mergesInTheOrderOfTheDefinition(
            @ForAll long seed, @ForAll @Size(max = 40) List<@IntRange(max = 2) Integer> word) {
        var merges = randomMerges(seed);
        var symbols = word.stream().mapToInt(Integer::intValue).toArray();

        assertThat(merge(symbols, table(merges))).isEqualTo(slowly(symbols, merges));
    }

    @Test
    void emptyWordHasNoTokens() {
        assertThat(merge(new int[0], table(randomMerges(1)))).isEmpty();
    }

    @Test
    @Timeout(20)
    void takesNoQuadraticTimeForALongWord() {
        var merges = new LinkedHashMap<Pair, Integer>();
        for (var i = 0; i < 10; i++) {
            merges.put(new Pair(i, i), i + 1);
        }

        assertThat(merge(new int[1 << 20], table(merges))).hasSize(1 << 10).containsOnly(10);
    }
}
