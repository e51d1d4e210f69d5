package dev.jmlx.hub;

import java.util.regex.Pattern;

/// A file of a repository as the hub lists it.
///
/// `blob`: what the cache calls its content: the SHA-256 of a large file (`isLarge`), git's SHA-1 of any other.
record RemoteFile(String name, long size, String blob, boolean isLarge) {
    private static final Pattern SAFE_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._+ -]*");
    private static final Pattern SHA1 = Pattern.compile("[0-9a-f]{40}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    /// Two terabytes: no file is that large, and its pieces can still be counted.
    private static final long MOST_BYTES = 1L << 41;

    RemoteFile {
        if (!isSafe(name)
                || size < 0
                || size > MOST_BYTES
                || !(isLarge ? SHA256 : SHA1).matcher(blob).matches()) {
            throw new HubException("the hub lists a file that cannot be stored: name \"" + name + "\", size " + size
                    + ", content \"" + blob + "\"");
        }
    }

    /// Whether a file of this name can be stored everywhere, in the folder that it is meant for.
    static boolean isSafe(String name) {
        return SAFE_NAME.matcher(name).matches();
    }
}
