package dev.countersign.console.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Where an operator ends sessions and lets people in again. The operator's key stays in the
/// browser and signs each act there; the console passes the act on, and holds nothing that would
/// end anything by itself.
final class EndRoutes {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final List<String> MEMBERS = List.of("sub", "client_id", "reason");

  private final URI issuer;
  private final WireClient wire = new WireClient();
  private final Secret csrf = new Secret(Ids.random());

  EndRoutes(URI issuer) {
    this.issuer = issuer;
  }

  void page(ServerRequest request, ServerResponse response) {
    Http.html(response, 200, EndMarkup.page(csrf, issuer), EndMarkup.POLICY);
  }

  void kill(ServerRequest request, ServerResponse response) {
    passOn(request, response, "/v1.0/auth/kills");
  }

  void open(ServerRequest request, ServerResponse response) {
    passOn(request, response, "/v1.0/auth/openings");
  }

  private void passOn(ServerRequest request, ServerResponse response, String path) {
    Optional<String> token = Http.header(request, "X-Csrf");
    if (token.isEmpty() || !csrf.equals(new Secret(token.get()))) {
      Http.json(response, 403, problem("foreign_form", "open the page again"));
      return;
    }
    Optional<String> assertion = Http.header(request, PresenterAssertion.HEADER);
    if (assertion.isEmpty()) {
      Http.json(response, 401, problem("invalid_client", "an operator's key must sign this"));
      return;
    }
    ObjectNode asked = Http.jsonBody(request);
    ObjectNode body = StrictJson.object();
    MEMBERS.stream().filter(asked::has).forEach(member -> body.set(member, asked.get(member)));
    try {
      WireClient.Answer answer =
          wire.send(
              "POST",
              URI.create(issuer + path),
              Map.of(
                  PresenterAssertion.HEADER, assertion.get(), "Content-Type", "application/json"),
              StrictJson.write(body),
              TIMEOUT);
      Http.json(response, answer.status(), StrictJson.parseObject(answer.body()));
    } catch (UnavailableException | MalformedJsonException failed) {
      Http.json(
          response,
          502,
          problem(
              "temporarily_unavailable",
              "the token service gave no answer; look into the ledger before you try again"));
    }
  }

  private static ObjectNode problem(String error, String description) {
    return StrictJson.object().put("error", error).put("error_description", description);
  }
}
