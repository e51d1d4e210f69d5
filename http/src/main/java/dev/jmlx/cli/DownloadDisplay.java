package dev.jmlx.cli;

import dev.jmlx.hub.DownloadProgress;
import dev.jmlx.hub.Hub;
import dev.jmlx.hub.HubModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/// Shows a download while it runs: on a terminal a bar for each file and one for all, drawn again and again;
/// elsewhere a line for every few percent.
///
/// The methods of an object belong to its own thread.
final class DownloadDisplay implements AutoCloseable {
    private static final Duration PERIOD = Duration.ofMillis(250);

    private static final Path STDERR = Path.of("/proc/self/fd/2");

    private static final int PERCENT_STEP = 5;
    private static final int MOST_FILES = 12;
    private static final int NAME = 34;
    private static final int BAR = 20;

    private final PrintWriter out;
    private final HubModel model;
    private final DownloadProgress progress;
    private final boolean isTerminal;
    private final Thread thread;
    private int drawn;
    private int shownPercent = -PERCENT_STEP;
    private boolean saysWaiting;
    private String saidProblem = "";

    private DownloadDisplay(PrintWriter out, HubModel model, DownloadProgress progress, boolean isTerminal) {
        this.out = out;
        this.model = model;
        this.progress = progress;
        this.isTerminal = isTerminal;
        this.thread = Thread.ofPlatform().daemon().name("download-display").start(this::run);
    }

    /// Downloads and shows it on `err`.
    static Path pull(Hub hub, HubModel model, DownloadProgress progress, PrintWriter err) {
        try (var _ = new DownloadDisplay(err, model, progress, isTerminal())) {
            return hub.pull(model, progress);
        }
    }

    // Java 25 has no console again where its input or output is none.
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isTerminal() {
        var console = System.console();
        return console != null && console.isTerminal() && isTerminal(STDERR) && !"dumb".equals(System.getenv("TERM"));
    }

    /// Where the system shows its files (Linux); elsewhere input and output must tell.
    private static boolean isTerminal(Path stream) {
        try {
            var file = Files.readSymbolicLink(stream).toString();
            return file.startsWith("/dev/pts/") || file.startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException _) {
            return true;
        }
    }

    private void run() {
        try {
            while (true) {
                show();
                Thread.sleep(PERIOD);
            }
        } catch (InterruptedException _) {
            show();
        }
    }

    private void show() {
        if (progress.isWaiting() && !saysWaiting) {
            saysWaiting = true;
            out.println("Another process is downloading " + model + "; waiting for it");
        }
        var problem = progress.problem().orElse("");
        if (!problem.equals(saidProblem)) {
            saidProblem = problem;
            // Behind what is drawn, which begins anew below.
            drawn = 0;
            out.println(problem + "; trying again");
        }
        if (progress.size() > 0) {
            if (isTerminal) {
                draw();
            } else {
                line();
            }
        }
        out.flush();
    }

    private void line() {
        var percent = percent(progress.bytes(), progress.size());
        if (percent >= shownPercent + PERCENT_STEP || (percent == 100 && shownPercent < 100)) {
            shownPercent = percent;
            out.println("Downloading " + model + ": " + total());
        }
    }

    private void draw() {
        if (drawn > 0) {
            // Up to the first line that was drawn.
            out.print("\u001b[" + drawn + "A");
        }
        var open = progress.files().stream()
                .filter(file -> !file.isChecked())
                .limit(MOST_FILES)
                .toList();
        var lines = open.size() + 1;
        for (var file : open) {
            line(name(file.name()) + " " + bar(file.bytes(), file.size()) + " " + size(file.size())
                    + (file.bytes() == file.size() ? " checking" : ""));
        }
        line(name(model.toString()) + " " + bar(progress.bytes(), progress.size()) + " " + total());
        for (var i = lines; i < drawn; i++) {
            line("");
        }
        if (drawn > lines) {
            out.print("\u001b[" + (drawn - lines) + "A");
        }
        drawn = lines;
    }

    private void line(String text) {
        // Without wrapping, so that a line stays one where the terminal is narrow; nothing is left of what was there.
        out.print("\u001b[?7l" + text + "\u001b[K\u001b[?7h\n");
    }

    private String total() {
        var bytes = progress.bytes();
        var text = percent(bytes, progress.size()) + " % of " + size(progress.size());
        var speed = progress.bytesPerSecond();
        if (bytes == progress.size() || speed < 1) {
            return text;
        }
        return text + ", " + size(speed) + "/s, " + time(progress.secondsLeft()) + " left";
    }

    private static int percent(long bytes, long size) {
        return (int) (bytes * 100 / Math.max(1, size));
    }

    private static String bar(long bytes, long size) {
        var full = size == 0 ? BAR : (int) (bytes * BAR / size);
        return "[" + "#".repeat(full) + ".".repeat(BAR - full) + "]";
    }

    private static String name(String name) {
        var shown = name.length() <= NAME ? name : "..." + name.substring(name.length() - NAME + 3);
        return shown + " ".repeat(NAME - shown.length());
    }

    /// With a unit that leaves one to four digits.
    static String size(long bytes) {
        var units = List.of("kB", "MB", "GB");
        var value = bytes / 1e3;
        var unit = 0;
        while (value >= 999.5 && unit < units.size() - 1) {
            value /= 1e3;
            unit++;
        }
        return String.format(Locale.ROOT, value < 9.95 ? "%.1f %s" : "%.0f %s", value, units.get(unit));
    }

    /// As minutes and seconds, or hours and minutes.
    static String time(long seconds) {
        return seconds >= 3600
                ? String.format(Locale.ROOT, "%d h %02d min", seconds / 3600, seconds % 3600 / 60)
                : String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
