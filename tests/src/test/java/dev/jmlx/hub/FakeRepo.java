package dev.jmlx.hub;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/// A repository of [FakeHub] in one state, and what the hub tells about it.
record FakeRepo(String commit, Map<String, byte[]> files) {

    /// A state that is named by its files.
    static FakeRepo of(Map<String, byte[]> files) {
        var state = new ByteArrayOutputStream();
        files.forEach((name, bytes) -> state.writeBytes((name + gitHash(bytes)).getBytes(StandardCharsets.UTF_8)));
        return new FakeRepo(gitHash(state.toByteArray()), new LinkedHashMap<>(files));
    }

    /// What the hub says of the revision of the repository `name`.
    String info(String name) {
        var siblings = files.entrySet().stream()
                .map(file -> "{\"rfilename\":\"" + file.getKey() + "\","
                        + size(file.getValue(), "blobId", isLarge(file.getKey())) + "}")
                .collect(Collectors.joining(","));
        return "{\"id\":\"" + name + "\",\"modelId\":\"" + name + "\",\"sha\":\"" + commit
                + "\",\"private\":false,\"tags\":[],\"downloads\":0,\"likes\":0,\"siblings\":[" + siblings + "]}";
    }

    /// The list of files as the hub gives it page by page: all on one.
    String tree() {
        return files.entrySet().stream()
                .map(file -> "{\"type\":\"file\",\"path\":\"" + file.getKey() + "\","
                        + size(file.getValue(), "oid", isLarge(file.getKey())) + "}")
                .collect(Collectors.joining(",", "[", "]"));
    }

    private static String size(byte[] bytes, String idName, boolean isLarge) {
        var text = "\"size\":" + bytes.length + ",\"" + idName + "\":\"" + gitHash(bytes) + "\"";
        var hashName = idName.equals("oid") ? "oid" : "sha256";
        return isLarge
                ? text + ",\"lfs\":{\"" + hashName + "\":\"" + sha256(bytes) + "\",\"size\":" + bytes.length
                        + ",\"pointerSize\":134}"
                : text;
    }

    /// Whether the hub keeps a file in its storage.
    static boolean isLarge(String file) {
        return file.endsWith(".safetensors") || file.equals("tokenizer.json");
    }

    static String sha256(byte[] bytes) {
        return hash("SHA-256", new byte[0], bytes);
    }

    static String gitHash(byte[] bytes) {
        return hash("SHA-1", ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII), bytes);
    }

    private static String hash(String algorithm, byte[] before, byte[] bytes) {
        try {
            var digest = MessageDigest.getInstance(algorithm);
            digest.update(before);
            return HexFormat.of().formatHex(digest.digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
