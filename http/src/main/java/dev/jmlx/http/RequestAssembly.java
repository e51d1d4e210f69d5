package dev.jmlx.http;

import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.io.ByteArrayOutputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Puts the codec's pieces together into requests and refuses what is malformed or too large. One per
/// connection, event loop only. After a refusal the rest of the input is ignored: where the next request begins
/// is not certain any more.
final class RequestAssembly {
    private final int maxBodyBytes;
    private ByteArrayOutputStream body = new ByteArrayOutputStream();
    private @Nullable HttpRequest head;
    private boolean refused;

    RequestAssembly(int maxBodyBytes) {
        this.maxBodyBytes = maxBodyBytes;
    }

    /// Takes the next piece; the request that it completes or that it makes impossible.
    Optional<Incoming> add(HttpObject piece) {
        if (refused) {
            return Optional.empty();
        }
        if (piece.decoderResult().isFailure()) {
            return refuse(refusalOf(piece.decoderResult().cause()));
        }
        if (piece instanceof HttpRequest request) {
            var refusal = begin(request);
            if (refusal != null) {
                return refuse(refusal);
            }
        }
        return piece instanceof HttpContent content ? append(content) : Optional.empty();
    }

    /// Whether the client waits for a `100 Continue` before it sends its body.
    boolean wantsContinue() {
        return head != null && !refused && HttpUtil.is100ContinueExpected(head);
    }

    private @Nullable ApiException begin(HttpRequest request) {
        head = request;
        if (HttpUtil.getContentLength(request, 0L) > maxBodyBytes) {
            return tooLarge();
        }
        var encoding = request.headers().get(HttpHeaderNames.CONTENT_ENCODING, "identity");
        return encoding.equalsIgnoreCase("identity")
                ? null
                : new ApiException(
                        ErrorType.UNSUPPORTED_ENCODING, "content-encoding " + encoding + ": send the body as it is");
    }

    private Optional<Incoming> append(HttpContent content) {
        var bytes = content.content();
        if (body.size() + (long) bytes.readableBytes() > maxBodyBytes) {
            return refuse(tooLarge());
        }
        var piece = new byte[bytes.readableBytes()];
        bytes.readBytes(piece);
        body.writeBytes(piece);
        if (head == null || !(content instanceof LastHttpContent)) {
            return Optional.empty();
        }
        var complete = Incoming.complete(head, body.toByteArray());
        head = null;
        forgetBody();
        refused = complete.refusal() != null;
        return Optional.of(complete);
    }

    /// Refuses the current request and everything after it.
    Optional<Incoming> refuse(ApiException refusal) {
        refused = true;
        forgetBody();
        return Optional.of(Incoming.refused(head, refusal));
    }

    /// A new buffer, because a used one keeps the size of its largest body as long as the connection lasts.
    private void forgetBody() {
        body = new ByteArrayOutputStream();
    }

    private ApiException tooLarge() {
        return new ApiException(ErrorType.TOO_LARGE, "Request exceeds the maximum size of " + maxBodyBytes + " bytes");
    }

    private static ApiException refusalOf(Throwable cause) {
        return switch (cause) {
            case TooLongHttpLineException _ ->
                new ApiException(ErrorType.URI_TOO_LONG, "the request's URL is too long");
            case TooLongHttpHeaderException _ ->
                new ApiException(ErrorType.HEADERS_TOO_LARGE, "the request's headers are too large");
            case TooLongFrameException _ -> new ApiException(ErrorType.TOO_LARGE, "the request is too large");
            default -> ApiException.invalid("malformed HTTP request: " + cause.getMessage());
        };
    }
}
