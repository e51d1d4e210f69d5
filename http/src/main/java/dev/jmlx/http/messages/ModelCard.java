package dev.jmlx.http.messages;

import java.time.Instant;

/// What the API tells about the served model. `id`: the name clients use; `displayName`: the folder it was
/// loaded from.
public record ModelCard(String id, String displayName, Instant created) {}
