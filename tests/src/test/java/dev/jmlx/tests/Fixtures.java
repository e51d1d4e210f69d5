package dev.jmlx.tests;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/// Where the golden values lie: in the test resources, unless a system property names another place.
final class Fixtures {
    private Fixtures() {}

    /// The file or folder that the system property `property` names, else the test resource `resource`.
    static Path locate(String property, String resource) {
        var elsewhere = System.getProperty(property);
        if (elsewhere != null && !elsewhere.isBlank()) {
            return Path.of(elsewhere).toAbsolutePath();
        }
        return resource(resource);
    }

    /// A file or folder of the test resources.
    static Path resource(String resource) {
        try {
            var url = Objects.requireNonNull(Fixtures.class.getResource("/" + resource), resource);
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(resource, e);
        }
    }

    /// The embedded model's folder, found from the working directory of any module.
    static Path embeddedModel() {
        for (var folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            var model = folder.resolve("models/smollm2-135m-instruct-4bit");
            if (Files.isDirectory(model)) {
                return model;
            }
        }
        throw new IllegalStateException("models/smollm2-135m-instruct-4bit is not above the working directory");
    }
}
