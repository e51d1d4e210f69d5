package dev.jmlx.engine.generate;

/// The engine's waiting line is full; the caller should try again later. HTTP answers 529.
public final class EngineBusyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public EngineBusyException(int waiting) {
        super("the server is busy: " + waiting + " requests are waiting already; try again in a few seconds");
    }
}
