package dev.jmlx.hub;

import java.nio.file.Path;

/// A model in the cache. `folder`: its files, when `isComplete`. `bytes`: on disk; of an incomplete one what has
/// come.
public record CachedModel(HubModel model, Path folder, long bytes, boolean isComplete) {}
