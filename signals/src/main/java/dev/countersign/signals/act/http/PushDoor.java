package dev.countersign.signals.act.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.act.Intake;
import dev.countersign.signals.act.SetError;
import io.helidon.http.HttpException;
import io.helidon.http.Status;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// `POST /ssf/push/{name}`: where transmitters of others bring their tokens.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8935#section-2 RFC 8935 §2
public final class PushDoor {
  private static final String TYPE = "application/secevent+jwt";
  private static final String PAUSE = "5";

  private final Map<String, Pusher> pushers;

  public PushDoor(Map<String, Pusher> pushers) {
    this.pushers = new TreeMap<>(pushers);
  }

  public void install(HttpRouting.Builder routing) {
    if (!pushers.isEmpty()) {
      routing.post("/ssf/push/{name}", this::take);
    }
  }

  private void take(ServerRequest request, ServerResponse response) {
    Pusher pusher = pushers.get(request.path().pathParameters().get("name"));
    if (pusher == null || !isKnown(request, pusher.authorization())) {
      // One answer for both, so that nobody learns which names there are.
      response.header("WWW-Authenticate", "Bearer");
      refuse(response, 401, "authentication_failed", "the `Authorization` is not the agreed one");
      return;
    }
    if (!request.headers().contentType().filter(type -> type.text().startsWith(TYPE)).isPresent()) {
      throw new HttpException(
          "the content type must be " + TYPE, Status.UNSUPPORTED_MEDIA_TYPE_415);
    }
    String token = new String(Http.body(request), StandardCharsets.US_ASCII);
    switch (pusher.intake().take(token, Optional.empty())) {
      case Intake.Taken.Stored _ -> Http.empty(response, 202);
      case Intake.Taken.Refused(SetError error) ->
          refuse(response, 400, error.code().wireName(), error.description());
      case Intake.Taken.Later(String reason) -> {
        response.header("Retry-After", PAUSE);
        refuse(response, 503, "temporarily_unavailable", reason);
      }
    }
  }

  private static boolean isKnown(ServerRequest request, Secret agreed) {
    return Http.header(request, "Authorization")
        .filter(value ->
            MessageDigest.isEqual(
                value.getBytes(StandardCharsets.UTF_8),
                agreed.reveal().getBytes(StandardCharsets.UTF_8)))
        .isPresent();
  }

  private static void refuse(ServerResponse response, int status, String code, String description) {
    response.header("Content-Language", "en");
    Http.json(
        response, status, StrictJson.object().put("err", code).put("description", description));
  }

  /// One transmitter that may push.
  ///
  /// @param authorization what it must send as `Authorization`
  public record Pusher(Secret authorization, Intake intake) {}
}
