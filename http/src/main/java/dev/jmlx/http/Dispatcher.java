package dev.jmlx.http;

import dev.jmlx.http.sse.ClientGoneException;
import dev.jmlx.http.sse.SseWriter;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs a request: who may ask, which handler answers, and what its exceptions become. The one place that turns
/// exceptions into answers. Called on the request's virtual thread.
public final class Dispatcher {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
    private static final byte[] NO_BODY = {};

    private final Guard guard;
    private volatile Router router;

    public Dispatcher(Guard guard, Router router) {
        this.guard = guard;
        this.router = router;
    }

    /// From now on `next` finds the handlers; requests that run are not touched.
    public void route(Router next) {
        router = next;
    }

    /// Answers the request, whatever happens.
    void dispatch(HttpExchange exchange) {
        var start = System.nanoTime();
        try {
            route(exchange);
        } catch (ApiException error) {
            LOG.debug("{} {}", exchange.requestId(), error.sentence());
            exchange.fail(error);
        } catch (ClientGoneException gone) {
            LOG.debug("{} {}", exchange.requestId(), gone.getMessage());
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            exchange.fail(ApiException.overloaded("the server is shutting down"));
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError fault) {
            LOG.error("{} failed", exchange.requestId(), fault);
            exchange.fail(new ApiException(
                    ErrorType.API, "internal error; the server's log has the details under the request id"));
        }
        LOG.debug(
                "{} {} {} took {} ms",
                exchange.requestId(),
                exchange.request().method(),
                exchange.request().path(),
                (System.nanoTime() - start) / 1_000_000);
    }

    /// What everybody may read is answered as GET is, without the body; other paths exist, and that is all.
    private static void head(HttpExchange exchange, Router routes) throws InterruptedException {
        routes.allowed(exchange.request());
        var match = routes.openGet(exchange.request());
        if (match.isPresent()) {
            match.get()
                    .route()
                    .handler()
                    .handle(new HeadExchange(exchange), match.get().parameters());
        } else {
            exchange.respond(200, Map.of(), NO_BODY);
        }
    }

    /// Leaves bodies out.
    private record HeadExchange(HttpExchange inner) implements HttpExchange {
        @Override
        public Request request() {
            return inner.request();
        }

        @Override
        public String requestId() {
            return inner.requestId();
        }

        @Override
        public void respond(int status, Map<String, String> headers, byte[] json) {
            inner.respond(status, headers, NO_BODY);
        }

        @Override
        public SseWriter eventStream() {
            return inner.eventStream();
        }

        @Override
        public void onCancel(Runnable action) {
            inner.onCancel(action);
        }

        @Override
        public void fail(ApiException error) {
            inner.fail(error);
        }
    }

    private void route(HttpExchange exchange) throws InterruptedException {
        var request = exchange.request();
        var routes = router;
        guard.checkBrowser(request);
        switch (request.method()) {
            case "HEAD" -> head(exchange, routes);
            // No CORS headers: a browser then keeps foreign pages out.
            case "OPTIONS" -> exchange.respond(204, Map.of("allow", routes.allowed(request)), NO_BODY);
            default -> {
                var match = routes.find(request);
                if (!match.route().open()) {
                    guard.checkKey(request);
                }
                match.route().handler().handle(exchange, match.parameters());
            }
        }
    }
}
