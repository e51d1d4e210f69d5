package dev.jmlx.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/// Reads a `.env` file: `KEY=value` lines, `#` comments, `export` and quotes as shells know them. Stateless.
final class EnvFile {
    private static final Pattern LINE = Pattern.compile("(?:export\\s+)?([A-Za-z_][A-Za-z0-9_]*)\\s*=\\s*(.*)");
    private static final Pattern COMMENT = Pattern.compile("(?:^|\\s+)#.*$");

    private EnvFile() {}

    /// The settings in `file`; none when there is no such file. Throws [ConfigException] with the line's number.
    static Map<String, String> read(Path file) {
        if (!Files.exists(file)) {
            return Map.of();
        }
        try {
            return parse(Files.readString(file), file.toString());
        } catch (CharacterCodingException foreign) {
            throw new ConfigException(file + " cannot be read: it must be UTF-8 text");
        } catch (IOException unreadable) {
            throw new ConfigException(file + " cannot be read: " + unreadable.getMessage());
        }
    }

    static Map<String, String> parse(String text, String name) {
        var settings = new HashMap<String, String>();
        // Some Windows editors begin a UTF-8 file with this mark.
        var lines =
                (text.startsWith("\ufeff") ? text.substring(1) : text).lines().toList();
        for (var i = 0; i < lines.size(); i++) {
            var line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            var match = LINE.matcher(line);
            if (!match.matches()) {
                // Without the line itself: it may hold a key.
                throw new ConfigException(name + " line " + (i + 1) + ": expected KEY=value");
            }
            settings.put(match.group(1), value(match.group(2)));
        }
        return settings;
    }

    private static String value(String text) {
        var quote = text.isEmpty() ? ' ' : text.charAt(0);
        var end = quote == '"' || quote == '\'' ? text.indexOf(quote, 1) : -1;
        return end > 0
                ? text.substring(1, end)
                : COMMENT.matcher(text).replaceFirst("").strip();
    }
}
