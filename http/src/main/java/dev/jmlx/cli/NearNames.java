package dev.jmlx.cli;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// Which names of models look like one that does not exist: those that share most words with it, or their
/// beginnings. Stateless.
final class NearNames {
    private static final Pattern BETWEEN_WORDS = Pattern.compile("[^a-z0-9.]+");
    private static final int MOST = 3;

    /// Letters of a beginning that counts.
    private static final int BEGINNING = 4;

    private NearNames() {}

    /// At most three of `names`, the nearest first.
    static List<String> of(String wanted, Collection<String> names) {
        var words = words(wanted);
        return names.stream()
                .distinct()
                .filter(name -> shared(words, name) > 0)
                .sorted(Comparator.comparingDouble((String name) -> -shared(words, name))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(MOST)
                .toList();
    }

    /// Shared words as a part of all words of both.
    private static double shared(Set<String> words, String name) {
        var both = words(name);
        var all = new HashSet<>(words);
        all.addAll(both);
        both.removeIf(word -> words.stream().noneMatch(other -> isAlike(word, other)));
        return (double) both.size() / all.size();
    }

    private static boolean isAlike(String a, String b) {
        return a.equals(b) || (Math.min(a.length(), b.length()) >= BEGINNING && (a.startsWith(b) || b.startsWith(a)));
    }

    /// Those of the name itself, not of who publishes it.
    private static Set<String> words(String name) {
        var last = name.substring(name.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        var words = new HashSet<>(Arrays.asList(BETWEEN_WORDS.split(last)));
        words.remove("");
        return words;
    }
}
