package dev.countersign.idp.http;

import dev.countersign.box.Http;
import dev.countersign.idp.Directory;
import dev.countersign.idp.LoginEvents;
import dev.countersign.idp.Person;
import dev.countersign.idp.SignIns;
import dev.countersign.idp.SigningKeys;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What only a development provider has: a look at live sessions, and key rotation by hand.
///
/// Guarded against web pages: the address must be this server's own, and a change needs a header
/// that a page of another origin cannot send.
final class DevelopmentRoutes {
  private static final String GUARD = "X-Development-Admin";

  private final Supplier<URI> base;
  private final Directory directory;
  private final SignIns signIns;
  private final LoginEvents events;
  private final List<SigningKeys> keys;

  DevelopmentRoutes(
      Supplier<URI> base,
      Directory directory,
      SignIns signIns,
      LoginEvents events,
      List<SigningKeys> keys) {
    this.base = base;
    this.directory = directory;
    this.signIns = signIns;
    this.events = events;
    this.keys = List.copyOf(keys);
  }

  void install(HttpRouting.Builder routing) {
    routing.get("/dev/sessions", this::sessions).post("/dev/keys/rotate", this::rotate);
  }

  private void sessions(ServerRequest request, ServerResponse response) {
    requireOwnAddress(request);
    ObjectNode json = StrictJson.object();
    ArrayNode people = json.putArray("people");
    for (Person person : directory.people()) {
      SignIns.Overview overview = signIns.overview(person);
      ObjectNode entry = people.addObject();
      entry.put("username", person.username());
      entry.put("id", person.id());
      entry.put("browser_sessions", overview.browserSessions());
      entry.put("refresh_tokens", overview.refreshTokens());
      overview
          .sessionsValidFrom()
          .ifPresent(from -> entry.put("sessions_valid_from", from.toString()));
    }
    ArrayNode list = json.putArray("events");
    for (LoginEvents.LoginEvent event : events.latest()) {
      ObjectNode entry = list.addObject();
      entry.put("at", event.at().toString());
      entry.put("event", event.kind().name().toLowerCase(Locale.ROOT));
      entry.put("username", event.username());
      entry.put("client_id", event.clientId());
    }
    Http.json(response, 200, json);
  }

  private void rotate(ServerRequest request, ServerResponse response) {
    requireOwnAddress(request);
    if (Http.header(request, GUARD).isEmpty()) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "send the header `" + GUARD + "` with any value");
    }
    boolean withdraws = Http.query(request).getOrDefault("withdraw", "").equals("true");
    keys.forEach(withdraws ? SigningKeys::replace : SigningKeys::rotate);
    Http.empty(response, 204);
  }

  private void requireOwnAddress(ServerRequest request) {
    String host = Http.header(request, "Host").orElse("");
    URI own = base.get();
    if (!host.equals(own.getAuthority()) && !host.equals("localhost:" + own.getPort())) {
      throw new WireException(OAuthError.INVALID_REQUEST, "`Host` is not this server");
    }
  }
}
