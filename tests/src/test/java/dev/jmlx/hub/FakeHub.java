package dev.jmlx.hub;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The hub's addresses as far as downloads need them, on two ports: the hub and its storage, to which it redirects
/// for large files. Answers as `huggingface_hub` 2.4.0 expects them; breaks down on demand.
final class FakeHub implements AutoCloseable {
    private static final Pattern RESOLVE = Pattern.compile("/([^/]+/[^/]+)/resolve/([^/]+)/([^?]+)");
    private static final Pattern REVISION = Pattern.compile("/api/models/([^/]+/[^/]+)/revision/([^?]+)(?:\\?.*)?");
    private static final Pattern TREE = Pattern.compile("/api/models/([^/]+/[^/]+)/tree/([^?]+)(?:\\?.*)?");
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");

    private final ServerSocket hub = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final ServerSocket storage = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Map<String, FakeRepo> repos = new ConcurrentHashMap<>();
    private final List<Rule> rules = new CopyOnWriteArrayList<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final Map<String, AtomicLong> sent = new ConcurrentHashMap<>();
    private volatile long bytesPerSecond = Long.MAX_VALUE;

    FakeHub() throws IOException {
        accept(hub, false, this::answerAsHub);
        accept(storage, true, this::answerAsStorage);
    }

    /// What came in.
    record Request(String method, String target, Map<String, String> headers, boolean isStorage) {}

    /// What the hub does instead of answering well.
    sealed interface Fault {
        /// A status, with one header when its name is not empty.
        record Status(int status, String header, String value) implements Fault {}

        /// Half of the body, then a reset connection.
        record Reset() implements Fault {}

        /// Half of the body, then a regular end.
        record Cut() implements Fault {}

        /// Lengths that are one more than the file has.
        record WrongLength() implements Fault {}

        /// One byte is another.
        record Corrupt() implements Fault {}

        /// The whole file instead of a range.
        record NoRange() implements Fault {}

        /// A few bytes, then nothing.
        record Stall() implements Fault {}
    }

    private record Rule(Predicate<Request> where, Fault fault, AtomicInteger times) {}

    private interface Answer {
        void to(Request request, OutputStream out, Socket socket) throws IOException;
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + hub.getLocalPort());
    }

    /// Holds `files` as the newest commit of `repo`, and returns its name.
    String add(String repo, Map<String, byte[]> files) {
        var held = FakeRepo.of(files);
        repos.put(repo, held);
        return held.commit();
    }

    /// The next `times` requests that `where` holds for end in `fault`.
    void breakDown(int times, Fault fault, Predicate<Request> where) {
        rules.add(new Rule(where, fault, new AtomicInteger(times)));
    }

    /// From now on all goes well.
    void mend() {
        rules.clear();
    }

    /// Of each body.
    void limitSpeed(long bytesPerSecondFromNow) {
        bytesPerSecond = bytesPerSecondFromNow;
    }

    List<Request> requests() {
        return List.copyOf(requests);
    }

    /// Bytes of a file's bodies that went out.
    long sent(String file) {
        return sent.getOrDefault(file, new AtomicLong()).get();
    }

    private void accept(ServerSocket server, boolean isStorage, Answer answer) {
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    var socket = server.accept();
                    Thread.ofVirtual().start(() -> serve(socket, isStorage, answer));
                } catch (IOException _) {
                    return;
                }
            }
        });
    }

    private void serve(Socket socket, boolean isStorage, Answer answer) {
        try (socket) {
            // What a killed client has not read is small.
            socket.setSendBufferSize(64 << 10);
            var in = new BufferedInputStream(socket.getInputStream());
            for (var first = line(in); !first.isEmpty(); first = line(in)) {
                var headers = new LinkedHashMap<String, String>();
                for (var line = line(in); !line.isEmpty(); line = line(in)) {
                    var colon = line.indexOf(':');
                    headers.put(
                            line.substring(0, colon).toLowerCase(Locale.ROOT),
                            line.substring(colon + 1).strip());
                }
                var words = first.split(" ", -1);
                var request = new Request(words[0], words[1], headers, isStorage);
                requests.add(request);
                answer.to(request, socket.getOutputStream(), socket);
            }
        } catch (IOException _) {
            // The client has gone, or a fault closed the connection.
        }
    }

    private static String line(InputStream in) throws IOException {
        var line = new ByteArrayOutputStream();
        for (var c = in.read(); c != '\n' && c >= 0; c = in.read()) {
            if (c != '\r') {
                line.write(c);
            }
        }
        return line.toString(StandardCharsets.US_ASCII);
    }

    private @Nullable Fault fault(Request request) {
        for (var rule : rules) {
            if (rule.where.test(request) && rule.times.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                return rule.fault;
            }
        }
        return null;
    }

    private void answerAsHub(Request request, OutputStream out, Socket socket) throws IOException {
        var fault = fault(request);
        if (fault instanceof Fault.Status status) {
            head(out, status.status, 0, status.header.isEmpty() ? Map.of() : Map.of(status.header, status.value));
            return;
        }
        var revision = REVISION.matcher(request.target);
        var tree = TREE.matcher(request.target);
        var resolve = RESOLVE.matcher(request.target);
        if (revision.matches() || tree.matches()) {
            var match = revision.matches() ? revision : tree;
            var repo = repos.get(match.group(1));
            if (repo == null) {
                // As the hub answers clients without a token.
                head(out, 401, 0, Map.of("x-error-code", "RepoNotFound"));
            } else if (!match.group(2).equals("main") && !match.group(2).equals(repo.commit())) {
                head(out, 404, 0, Map.of("x-error-code", "RevisionNotFound"));
            } else {
                var text = revision.matches() ? repo.info(match.group(1)) : repo.tree();
                var bytes = text.getBytes(StandardCharsets.UTF_8);
                head(out, 200, bytes.length, Map.of("content-type", "application/json"));
                out.write(bytes);
            }
        } else if (resolve.matches()) {
            resolve(request, resolve.group(1), resolve.group(3), out, socket, fault);
        } else {
            head(out, 404, 0, Map.of());
        }
    }

    private void resolve(
            Request request, String name, String file, OutputStream out, Socket socket, @Nullable Fault fault)
            throws IOException {
        var repo = repos.get(name);
        var bytes = repo == null ? null : repo.files().get(file);
        if (repo == null || bytes == null) {
            head(out, 404, 0, Map.of("x-error-code", "EntryNotFound"));
            return;
        }
        var headers = new LinkedHashMap<String, String>();
        headers.put("x-repo-commit", repo.commit());
        if (FakeRepo.isLarge(file)) {
            headers.put("x-linked-etag", "\"" + FakeRepo.sha256(bytes) + "\"");
            headers.put("x-linked-size", String.valueOf(bytes.length));
            headers.put("location", "http://127.0.0.1:" + storage.getLocalPort() + "/" + name + "/" + file);
            head(out, 302, 0, headers);
        } else {
            headers.put("etag", "\"" + FakeRepo.gitHash(bytes) + "\"");
            body(request, file, bytes, headers, out, socket, fault);
        }
    }

    private void answerAsStorage(Request request, OutputStream out, Socket socket) throws IOException {
        var fault = fault(request);
        var slash = request.target.lastIndexOf('/');
        var file = request.target.substring(slash + 1);
        var repo = repos.get(request.target.substring(1, slash));
        var bytes = repo == null ? null : repo.files().get(file);
        if (fault instanceof Fault.Status status) {
            head(out, status.status, 0, status.header.isEmpty() ? Map.of() : Map.of(status.header, status.value));
        } else if (bytes == null) {
            head(out, 404, 0, Map.of());
        } else {
            body(request, file, bytes, Map.of("etag", "\"" + FakeRepo.sha256(bytes) + "\""), out, socket, fault);
        }
    }

    private void body(
            Request request,
            String file,
            byte[] bytes,
            Map<String, String> given,
            OutputStream out,
            Socket socket,
            @Nullable Fault fault)
            throws IOException {
        var headers = new LinkedHashMap<>(given);
        headers.put("accept-ranges", "bytes");
        var range = RANGE.matcher(request.headers.getOrDefault("range", ""));
        var isRange = range.matches() && !(fault instanceof Fault.NoRange);
        var from = isRange ? Integer.parseInt(range.group(1)) : 0;
        var end = isRange && !range.group(2).isEmpty() ? Integer.parseInt(range.group(2)) + 1 : bytes.length;
        var more = fault instanceof Fault.WrongLength ? 1 : 0;
        if (isRange) {
            headers.put("content-range", "bytes " + from + "-" + (end - 1) + "/" + (bytes.length + more));
        }
        head(out, isRange ? 206 : 200, end - from + more, headers);
        if (request.method.equals("HEAD")) {
            return;
        }
        var sending = bytes;
        if (fault instanceof Fault.Corrupt) {
            sending = bytes.clone();
            sending[from] ^= 1;
        }
        var isCut = fault instanceof Fault.Reset || fault instanceof Fault.Cut || fault instanceof Fault.Stall;
        send(file, sending, from, isCut ? from + (end - from) / 2 : end, out);
        if (fault instanceof Fault.Stall) {
            // Until the client gives up.
            socket.getInputStream().read();
        }
        if (fault instanceof Fault.Reset) {
            socket.setSoLinger(true, 0);
        }
        if (isCut || more > 0) {
            socket.close();
        }
    }

    private void send(String file, byte[] bytes, int from, int end, OutputStream out) throws IOException {
        var count = sent.computeIfAbsent(file, _ -> new AtomicLong());
        for (var at = from; at < end; ) {
            var some = Math.min(16 << 10, end - at);
            out.write(bytes, at, some);
            count.addAndGet(some);
            at += some;
            if (bytesPerSecond < Long.MAX_VALUE) {
                LockSupport.parkNanos(some * 1_000_000_000L / bytesPerSecond);
            }
        }
    }

    private static void head(OutputStream out, int status, int length, Map<String, String> headers) throws IOException {
        var text = new StringBuilder("HTTP/1.1 " + status + " x\r\ncontent-length: " + length + "\r\n");
        headers.forEach(
                (name, value) -> text.append(name).append(": ").append(value).append("\r\n"));
        out.write(text.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void close() throws IOException {
        hub.close();
        storage.close();
    }
}
