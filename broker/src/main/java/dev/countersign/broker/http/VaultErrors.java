package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.UnsafeTargetException;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.WireException;
import io.helidon.http.HttpException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The one place where an exception becomes Vault's error answer, `{"errors":[…]}`.
final class VaultErrors {
  private static final Logger LOG = LoggerFactory.getLogger(VaultErrors.class);

  private VaultErrors() {}

  static void install(HttpRouting.Builder routing) {
    routing
        .error(
            VaultRefusal.class,
            (_, response, refused) -> send(response, refused.status(), refused.errors()))
        .error(
            WireException.class,
            (_, response, malformed) -> send(response, 400, List.of(malformed.description())))
        .error(UnavailableException.class, (_, response, away) -> unavailable(response, away))
        .error(UnsafeTargetException.class, (_, response, unsafe) -> unavailable(response, unsafe))
        .error(HttpException.class, (_, response, refused) -> http(response, refused))
        .error(Throwable.class, (_, response, fault) -> fault(response, fault));
  }

  private static void unavailable(ServerResponse response, RuntimeException away) {
    LOG.warn("broker answers 503: {}", away.getMessage());
    response.header("Retry-After", "2");
    send(response, 503, List.of("temporarily unavailable"));
  }

  private static void http(ServerResponse response, HttpException refused) {
    int status = refused.status().code();
    if (status >= 500) {
      fault(response, refused);
    } else {
      send(response, status, status == 415 ? List.of("the body must be JSON") : List.of());
    }
  }

  private static void fault(ServerResponse response, Throwable fault) {
    String id = Ids.base62(12);
    LOG.error("broker answers 500, correlation id {}", id, fault);
    send(response, 500, List.of("internal error, correlation id " + id));
  }

  private static void send(ServerResponse response, int status, List<String> errors) {
    var body = StrictJson.object();
    var list = body.putArray("errors");
    errors.forEach(list::add);
    Http.json(response, status, body);
  }
}
