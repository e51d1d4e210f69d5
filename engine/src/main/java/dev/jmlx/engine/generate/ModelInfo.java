package dev.jmlx.engine.generate;

/// What was loaded: `modelType` of config.json, weights' bytes in the files, parameters, and the backend that
/// runs it.
public record ModelInfo(String modelType, long weightBytes, long parameters, String backend) {}
