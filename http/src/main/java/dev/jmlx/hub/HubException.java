package dev.jmlx.hub;

/// A model that cannot be had from the hub or its cache. The message is one sentence that names the model and
/// the fix.
public final class HubException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean isUnknownModel;

    /// For this package.
    HubException(String message) {
        super(message);
        this.isUnknownModel = false;
    }

    /// For this package.
    HubException(String message, Throwable cause) {
        super(message, cause);
        this.isUnknownModel = false;
    }

    private HubException(String message, boolean isUnknownModel) {
        super(message);
        this.isUnknownModel = isUnknownModel;
    }

    /// For this package: the hub has no model of this name, or cannot be asked.
    static HubException unknownModel(String message) {
        return new HubException(message, true);
    }

    /// Whether the name may be wrong: the hub has no such model, or was not asked.
    public boolean isUnknownModel() {
        return isUnknownModel;
    }
}
