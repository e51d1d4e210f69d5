package dev.jmlx.hub;

import java.util.Optional;
import java.util.regex.Pattern;

/// A repository of the hub and one of its revisions: a branch, a tag or a commit. Immutable.
///
/// `repo`: `organization/name`.
public record HubModel(String repo, String revision) {
    private static final String PART = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?";
    private static final Pattern NAME =
            Pattern.compile("(" + PART + "/" + PART + ")(?:@([A-Za-z0-9](?:[A-Za-z0-9._/-]{0,199})))?");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    /// Reads `organization/name`, perhaps with `@revision` (without it `main`); nothing when it is not such a
    /// name.
    public static Optional<HubModel> parse(String text) {
        var match = NAME.matcher(text);
        if (!match.matches() || text.contains("..") || match.group(1).contains("--") || text.endsWith("/")) {
            return Optional.empty();
        }
        var revision = match.group(2);
        return Optional.of(new HubModel(match.group(1), revision == null ? "main" : revision));
    }

    /// Whether the revision is a commit, which never changes.
    boolean isCommit() {
        return isCommit(revision);
    }

    static boolean isCommit(String text) {
        return COMMIT.matcher(text).matches();
    }

    /// As the cache names the repository's folder.
    String folder() {
        return "models--" + repo.replace("/", "--");
    }

    @Override
    public String toString() {
        return revision.equals("main") ? repo : repo + "@" + revision;
    }
}
