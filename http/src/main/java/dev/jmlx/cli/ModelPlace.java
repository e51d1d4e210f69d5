package dev.jmlx.cli;

import dev.jmlx.hub.HubModel;
import java.nio.file.Path;

/// Where a model is: in a folder of this machine, or on the hub only. Immutable.
sealed interface ModelPlace {
    /// As people call the model.
    String name();

    record Here(String name, Path folder) implements ModelPlace {}

    record OnHub(HubModel model) implements ModelPlace {
        @Override
        public String name() {
            return model.toString();
        }
    }
}
