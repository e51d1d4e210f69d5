package dev.jmlx.tokenizer;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/// The tokens of a vocabulary by their characters, for finding all that begin at a place. Immutable, any thread.
final class CharTrie {
    /// The node of the empty text.
    static final int ROOT = 0;

    /// What [#child] returns where no token goes on.
    static final int NONE = -1;

    private static final long FREE = -1;

    private long[] edges = new long[1 << 12];
    private int[] targets = new int[1 << 12];
    private int[] ids = new int[1 << 10];
    private int nodes = 1;

    private CharTrie() {
        Arrays.fill(edges, FREE);
        ids[ROOT] = Vocabulary.NONE;
    }

    /// All but those `excluded`.
    static CharTrie of(Vocabulary vocabulary, BitSet excluded) {
        var trie = new CharTrie();
        @Nullable String[] spellings = vocabulary.spellings(vocabulary.size());
        for (var spelling : spellings) {
            if (spelling != null && !spelling.isEmpty() && !excluded.get(vocabulary.id(spelling))) {
                trie.add(spelling, vocabulary.id(spelling));
            }
        }
        return trie;
    }

    /// The node that `character` leads to from `node`, or [#NONE].
    int child(int node, char character) {
        var slot = slot(node, character);
        return edges[slot] == FREE ? NONE : targets[slot];
    }

    /// The token that ends at `node`, or [Vocabulary#NONE].
    int id(int node) {
        return ids[node];
    }

    private void add(String spelling, int id) {
        var node = ROOT;
        for (var i = 0; i < spelling.length(); i++) {
            var next = child(node, spelling.charAt(i));
            node = next == NONE ? grow(node, spelling.charAt(i)) : next;
        }
        ids[node] = id;
    }

    private int grow(int node, char character) {
        if (nodes * 2 > edges.length) {
            rehash();
        }
        if (nodes == ids.length) {
            ids = Arrays.copyOf(ids, nodes * 2);
        }
        var slot = slot(node, character);
        edges[slot] = edge(node, character);
        targets[slot] = nodes;
        ids[nodes] = Vocabulary.NONE;
        return nodes++;
    }

    private void rehash() {
        var oldEdges = edges;
        var oldTargets = targets;
        edges = new long[oldEdges.length * 2];
        targets = new int[edges.length];
        Arrays.fill(edges, FREE);
        for (var i = 0; i < oldEdges.length; i++) {
            if (oldEdges[i] != FREE) {
                var slot = slot((int) (oldEdges[i] >>> Character.SIZE), (char) oldEdges[i]);
                edges[slot] = oldEdges[i];
                targets[slot] = oldTargets[i];
            }
        }
    }

    private int slot(int node, char character) {
        var edge = edge(node, character);
        var mask = edges.length - 1;
        var slot = (int) ((edge * 0x9E3779B97F4A7C15L) >>> Long.numberOfLeadingZeros(mask));
        while (edges[slot] != FREE && edges[slot] != edge) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private static long edge(int node, char character) {
        return (long) node << Character.SIZE | character;
    }
}
