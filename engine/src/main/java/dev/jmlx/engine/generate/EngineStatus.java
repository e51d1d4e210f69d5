package dev.jmlx.engine.generate;

/// What an engine is doing right now: sequences in the running batch, requests in the waiting line.
public record EngineStatus(int running, int waiting) {}
