package dev.jmlx.cli;

import dev.jmlx.http.messages.StartState;
import dev.jmlx.http.messages.StartState.Phase;
import dev.jmlx.hub.DownloadProgress;

/// How far the start of the program is: the starting thread writes it, requests read it.
final class StartProgress {
    private final DownloadProgress download = new DownloadProgress();
    private volatile boolean isDownloading;
    private volatile double loaded;
    private volatile long loadingSince;

    /// The progress of the download that begins now.
    DownloadProgress download() {
        isDownloading = true;
        return download;
    }

    /// `fraction` of the weights is loaded; nothing is being downloaded any more.
    void loaded(double fraction) {
        if (fraction == 0) {
            loadingSince = System.nanoTime();
        }
        isDownloading = false;
        loaded = fraction;
    }

    StartState state() {
        return isDownloading
                ? new StartState(Phase.DOWNLOADING, download.percent(), download.secondsLeft())
                : new StartState(Phase.LOADING, 100 * loaded, loadingLeft());
    }

    /// As the part that is loaded took.
    private long loadingLeft() {
        var fraction = loaded;
        return fraction == 0 ? 0 : 1 + (long) ((System.nanoTime() - loadingSince) / 1e9 * (1 - fraction) / fraction);
    }
}
