package dev.jmlx.cli;

/// The jar's entry point, compiled for Java 11: on a Java that is too old for the program it says so instead of
/// dying with UnsupportedClassVersionError. On Java 25 and later it hands over to [Main].
public final class Launcher {
    private static final int NEEDED = 25;

    private Launcher() {}

    /// Exits with 2 when Java is too old.
    public static void main(String[] args) throws ReflectiveOperationException {
        int found = Runtime.version().feature();
        if (found < NEEDED) {
            System.err.println("jmlx needs Java " + NEEDED + " and was started with Java " + found + "; install JDK "
                    + NEEDED + ", or use ./jmlx, which finds it");
            System.exit(2);
        }
        // By name, because the class file of Main cannot be read by a compiler for Java 11.
        Class.forName("dev.jmlx.cli.Main").getMethod("main", String[].class).invoke(null, (Object) args);
    }
}
