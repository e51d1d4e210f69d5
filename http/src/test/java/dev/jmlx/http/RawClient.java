package dev.jmlx.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// An HTTP client that sends exactly the bytes it is told to.
final class RawClient implements AutoCloseable {
    private final Socket socket = new Socket();

    RawClient(int port) throws IOException {
        socket.setSoTimeout(10_000);
        // Small, so that a reader that does not read is noticed early.
        socket.setReceiveBufferSize(16 << 10);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    record Answer(int status, Map<String, String> headers, String body) {}

    RawClient send(String text) throws IOException {
        socket.getOutputStream().write(text.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));
        return this;
    }

    RawClient post(String path, String body) throws IOException {
        return send("POST " + path + " HTTP/1.1\nhost: localhost\ncontent-length: " + body.length() + "\n\n" + body);
    }

    /// The next answer, which has a content-length or no body.
    Answer answer() throws IOException {
        var status = Integer.parseInt(line().split(" ", -1)[1]);
        var headers = new HashMap<String, String>();
        for (var line = line(); !line.isEmpty(); line = line()) {
            var colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        var length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        var body = new String(socket.getInputStream().readNBytes(length), StandardCharsets.UTF_8);
        return new Answer(status, headers, body);
    }

    String line() throws IOException {
        var line = new ByteArrayOutputStream();
        for (var b = socket.getInputStream().read();
                b != '\n';
                b = socket.getInputStream().read()) {
            if (b < 0) {
                throw new IOException("the server closed the connection after '" + line + "'");
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.UTF_8).strip();
    }

    /// Whether the server has closed the connection; waits for it.
    boolean isClosed() throws IOException {
        return socket.getInputStream().read() < 0;
    }

    /// Everything until the server closes the connection.
    String rest() throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /// Closes with a reset, as a killed client does.
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
