package dev.jmlx.cli;

/// Called by [Launcher]: checks that Java was started as the engine needs it, then hands over to [JmlxCommand].
public final class Main {
    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    private Main() {}

    /// Exits with 0 after a regular end, 1 after a failure, 2 after wrong settings, options or Java flags.
    public static void main(String[] args) {
        // Without the module, engine classes would die with NoClassDefFoundError.
        if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
            System.err.println("jmlx needs the Vector API; start it with: java --add-modules " + VECTOR_MODULE
                    + " -jar server.jar   (or with ./jmlx)");
            System.exit(2);
        }
        System.exit(JmlxCommand.run(args));
    }
}
