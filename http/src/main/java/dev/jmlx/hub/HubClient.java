package dev.jmlx.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Asks the hub what a revision consists of, and for stretches of its files.
///
/// Follows redirects itself, to send the token to the hub alone and never to its storage. Any thread.
final class HubClient implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(15);
    private static final Duration HEADERS = Duration.ofSeconds(60);
    private static final int MOST_REDIRECTS = 6;
    private static final int LARGEST_ANSWER = 64 << 20;
    private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-\\d{1,18}/(\\d{1,18}|\\*)");
    private static final JsonMapper JSON = new JsonMapper();

    private final HubSettings settings;
    private final Retries retries;
    private final HttpClient http;

    HubClient(HubSettings settings, Retries retries) {
        settings.proxies().requireUsable(settings.endpoint().getScheme());
        this.settings = settings;
        this.retries = retries;
        this.http = HttpClient.newBuilder()
                // Every stretch of a file wants a connection of its own.
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT)
                .proxy(settings.proxies())
                .build();
    }

    /// The commit of a revision and all its files in the repository's own folder that a model may need.
    record Listing(String commit, List<RemoteFile> files) {}

    /// A stretch of a file: the bytes from `from` on, which the reader closes.
    record Body(InputStream bytes, long from, OptionalLong total) {}

    /// Throws [HubException]. `failure` hears why it asks again.
    Listing listing(HubModel model, Consumer<String> failure) {
        var path = "/api/models/" + model.repo() + "/revision/" + encoded(model.revision()) + "?blobs=true";
        var uri = URI.create(settings.endpoint() + path);
        return retries.call(model + " cannot be looked up", () -> listing(model, uri), failure);
    }

    private Listing listing(HubModel model, URI uri) throws IOException {
        var response = get(model, uri, "");
        try (var body = TimedBody.of(new Body(response.body(), 0, OptionalLong.empty()))) {
            return listing(model, JSON.readTree(body.all(LARGEST_ANSWER)));
        } catch (JacksonException broken) {
            throw new IOException("the answer is not JSON: " + broken.getOriginalMessage(), broken);
        }
    }

    private static Listing listing(HubModel model, JsonNode answer) {
        var commit = answer.path("sha").asString("");
        if (!HubModel.isCommit(commit)) {
            throw new HubException("the hub names no commit for " + model + "; check HF_ENDPOINT");
        }
        var files = new ArrayList<RemoteFile>();
        for (var sibling : answer.path("siblings")) {
            var name = sibling.path("rfilename").asString("");
            if (ModelFiles.isWanted(name) && RemoteFile.isSafe(name)) {
                var large = sibling.path("lfs");
                var hash = large.isObject() ? large.path("sha256") : sibling.path("blobId");
                var size = large.isObject() ? large.path("size") : sibling.path("size");
                files.add(new RemoteFile(name, size.asLong(-1), hash.asString(""), large.isObject()));
            }
        }
        return new Listing(commit, files);
    }

    /// Returns when the hub answers at all.
    void ping() throws IOException {
        var response = send(URI.create(settings.endpoint() + "/api/models?limit=1"), "");
        response.body().close();
        if (response.statusCode() >= 500) {
            throw new IOException("the hub answers " + response.statusCode());
        }
    }

    /// The bytes `from .. end - 1` of a file, or more around them. Throws IOException for what may work another
    /// time, [HubException] for what will not.
    Body open(HubModel model, String commit, RemoteFile file, long from, long end) throws IOException {
        var path = "/" + model.repo() + "/resolve/" + commit + "/" + encoded(file.name());
        var isWhole = from == 0 && end == file.size();
        var response =
                get(model, URI.create(settings.endpoint() + path), isWhole ? "" : "bytes=" + from + "-" + (end - 1));
        if (response.statusCode() == 206) {
            return partial(response);
        }
        return new Body(response.body(), 0, response.headers().firstValueAsLong("content-length"));
    }

    private static Body partial(HttpResponse<InputStream> response) throws IOException {
        var range = response.headers().firstValue("content-range").orElse("");
        var match = RANGE.matcher(range);
        if (!match.matches()) {
            response.body().close();
            throw new IOException("the answer to a range has the content-range \"" + range + "\"");
        }
        var total = match.group(2).equals("*") ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(match.group(2)));
        return new Body(response.body(), Long.parseLong(match.group(1)), total);
    }

    /// An answer with status 200 or 206.
    private HttpResponse<InputStream> get(HubModel model, URI first, String range) throws IOException {
        var uri = first;
        for (var i = 0; i <= MOST_REDIRECTS; i++) {
            var response = send(uri, range);
            var status = response.statusCode();
            if (status == 200 || status == 206) {
                return response;
            }
            response.body().close();
            if (status < 300 || status >= 400) {
                throw isHub(uri) ? refusal(model, response) : storageRefusal(uri, response);
            }
            var location = response.headers().firstValue("location").orElse("");
            uri = target(uri, location);
        }
        throw new IOException("more than " + MOST_REDIRECTS + " redirects from " + first.getHost());
    }

    /// Where a redirect leads; never from an encrypted connection to a plain one.
    private static URI target(URI from, String location) {
        try {
            var to = from.resolve(location);
            var scheme = String.valueOf(to.getScheme());
            if (to.getHost() != null && (scheme.equals("https") || scheme.equals(from.getScheme()))) {
                return to;
            }
        } catch (IllegalArgumentException _) {
            // Said below.
        }
        throw new HubException("the hub at " + from.getHost() + " redirects to an address that is not allowed");
    }

    private HttpResponse<InputStream> send(URI uri, String range) throws IOException {
        var request = HttpRequest.newBuilder(uri)
                .timeout(HEADERS)
                .header("User-Agent", "jmlx")
                // The sizes that are checked are those of the file.
                .header("Accept-Encoding", "identity");
        if (!range.isEmpty()) {
            request.header("Range", range);
        }
        var token = settings.token();
        if (token != null && isHub(uri)) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (SSLHandshakeException untrusted) {
            throw new HubException(uri.getHost() + " cannot be trusted: " + reason(untrusted)
                    + "; is there a proxy that reads along, or is the clock wrong?");
        } catch (ConnectException | SSLException | UnresolvedAddressException unreachable) {
            throw new IOException(uri.getHost() + " cannot be reached: " + reason(unreachable), unreachable);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted");
        }
    }

    private static String reason(Exception problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                return "its name is not known; is there a network?";
            }
            if (cause.getMessage() != null) {
                return cause.getMessage();
            }
        }
        return "no connection";
    }

    private boolean isHub(URI uri) {
        return uri.getScheme().equals(settings.endpoint().getScheme())
                && uri.getHost().equals(settings.endpoint().getHost())
                && uri.getPort() == settings.endpoint().getPort();
    }

    /// What a status other than 200 and 206 means: an IOException may pass, a [HubException] will not.
    private IOException refusal(HubModel model, HttpResponse<?> response) {
        var code = response.headers().firstValue("x-error-code").orElse("");
        var status = response.statusCode();
        var site = settings.endpoint() + "/" + model.repo();
        if (status == 429) {
            return new RefusedException("the hub limits requests (429)", Retries.pause(response.headers()));
        }
        if (status == 408 || status >= 500) {
            return new RefusedException("the hub answers " + status, Retries.pause(response.headers()));
        }
        if (code.equals("GatedRepo") || (status == 403 && code.isEmpty())) {
            throw new HubException(model.repo() + " is gated: accept its conditions at " + site + " and set HF_TOKEN to"
                    + " a token that may read it");
        }
        if (code.equals("RevisionNotFound")) {
            throw new HubException(model.repo() + " has no revision \"" + model.revision() + "\"; see " + site);
        }
        if (code.equals("EntryNotFound")) {
            throw new HubException("a file of " + model + " is no longer there; try again");
        }
        if (status == 401 && settings.token() != null) {
            throw HubException.unknownModel("the hub does not accept the token for " + model.repo()
                    + ": check HF_TOKEN and that the model's name is right");
        }
        // The hub answers 401 for names that do not exist, too.
        if (status == 401 || status == 404) {
            throw HubException.unknownModel(model.repo() + " is not on the hub at "
                    + settings.endpoint().getHost() + ": check the name, or, if it is private, set HF_TOKEN");
        }
        throw new HubException("the hub refuses " + model + " with status " + status);
    }

    /// Addresses of the storage are signed and expire; the hub gives another one.
    private static IOException storageRefusal(URI uri, HttpResponse<?> response) {
        return new RefusedException(
                "the storage at " + uri.getHost() + " answers " + response.statusCode(),
                Retries.pause(response.headers()));
    }

    private static String encoded(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
