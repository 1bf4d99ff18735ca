package dev.countersign.box;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.WireException;
import io.helidon.common.buffers.DataReader.InsufficientDataAvailableException;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpException;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// The one place where an exception becomes an answer. Nothing of the exception leaves the house
/// except what a [WireException] was made to say.
final class Edge {
  private static final Logger LOG = LoggerFactory.getLogger(BoxServer.class);
  private static final String RETRY_AFTER_SECONDS = "2";

  private final String box;

  Edge(String box) {
    this.box = box;
  }

  void install(HttpRouting.Builder routing) {
    routing
        .error(WireException.class, (_, response, refused) -> wire(response, refused))
        .error(UnavailableException.class, this::unavailable)
        .error(HttpException.class, this::http)
        .error(
            RequestException.class,
            (_, response, refused) -> status(response, refused.status().code()))
        .error(InsufficientDataAvailableException.class, (_, _, _) -> callerLeft())
        .error(Throwable.class, this::fault);
  }

  /// Answers to what is refused before any route sees it.
  void direct(DirectHandlers.Builder handlers) {
    DirectHandler quiet =
        (_, type, status, headers, _) ->
            DirectHandler.TransportResponse.builder()
                .status(status)
                .headers(headers)
                .header(HeaderNames.CONTENT_TYPE, "application/json")
                .header(HeaderNames.CACHE_CONTROL, "no-store")
                .keepAlive(type.keepAlive())
                .entity(StrictJson.write(body(codeOf(status.code()), null)))
                .build();
    for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
      handlers.addHandler(type, quiet);
    }
  }

  static void answer(ServerResponse response, EdgeError error, @Nullable String description) {
    Http.json(response, error.httpStatus(), body(error.code(), description));
  }

  private static void wire(ServerResponse response, WireException refused) {
    if (refused.error() == OAuthError.TEMPORARILY_UNAVAILABLE) {
      response.header("Retry-After", RETRY_AFTER_SECONDS);
    }
    Http.json(
        response,
        refused.error().httpStatus(),
        body(refused.error().code(), refused.description()));
  }

  private void unavailable(
      ServerRequest request, ServerResponse response, UnavailableException away) {
    LOG.warn("{} answers 503: {}", box, away.getMessage());
    response.header("Retry-After", RETRY_AFTER_SECONDS);
    Http.json(
        response,
        OAuthError.TEMPORARILY_UNAVAILABLE.httpStatus(),
        body(OAuthError.TEMPORARILY_UNAVAILABLE.code(), null));
  }

  private void http(ServerRequest request, ServerResponse response, HttpException refused) {
    int status = refused.status().code();
    if (status >= 500) {
      fault(request, response, refused);
    } else {
      status(response, status);
    }
  }

  private static void status(ServerResponse response, int status) {
    Http.json(response, status, body(codeOf(status), description(status)));
  }

  private void fault(ServerRequest request, ServerResponse response, Throwable fault) {
    String id = Ids.base62(12);
    LOG.error("{} answers 500, correlation id {}", box, id, fault);
    Http.json(
        response,
        EdgeError.SERVER_ERROR.httpStatus(),
        body(EdgeError.SERVER_ERROR.code(), null).put("correlation_id", id));
  }

  // The caller hung up in the middle of its request: nobody is left to answer, nothing is wrong
  // here.
  private static void callerLeft() {
    throw new CloseConnectionException("the caller left");
  }

  private static String codeOf(int status) {
    return switch (status) {
      case 404 -> EdgeError.NOT_FOUND.code();
      case 405 -> EdgeError.METHOD_NOT_ALLOWED.code();
      default -> status >= 500 ? EdgeError.SERVER_ERROR.code() : OAuthError.INVALID_REQUEST.code();
    };
  }

  private static @Nullable String description(int status) {
    return switch (status) {
      case 413 -> "the body is too large";
      case 415 -> "the content type is not the one that this endpoint takes";
      default -> null;
    };
  }

  private static ObjectNode body(String code, @Nullable String description) {
    ObjectNode body = StrictJson.object().put("error", code);
    return description == null ? body : body.put("error_description", description);
  }
}
