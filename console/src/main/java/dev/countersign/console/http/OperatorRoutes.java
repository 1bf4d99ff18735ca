package dev.countersign.console.http;

import dev.countersign.box.Http;
import dev.countersign.console.ConsoleConfig;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.util.List;
import java.util.Map;

/// The operator's pages: the ledger and its traces, and where sessions are ended. Opened once with
/// a key that is made at each start, then by a cookie; there only where the console listens on
/// loopback.
public final class OperatorRoutes {
  private static final int SHOWN = 200;
  private static final int LONGEST_JTI = 200;

  private final ConsoleConfig config;
  private final LedgerReader ledger;
  private final Secret key = new Secret(Ids.random());
  private final Secret cookie = new Secret(Ids.random());
  private final Cookies cookies;
  private final EndRoutes ends;

  public OperatorRoutes(ConsoleConfig config, LedgerReader ledger) {
    this.config = config;
    this.ledger = ledger;
    this.cookies = new Cookies(config.address().getScheme().equals("https"));
    this.ends = new EndRoutes(config.issuer());
  }

  public void install(HttpRouting.Builder routing) {
    if (!config.hasOperatorPages()) {
      return;
    }
    routing
        .get("/operator", this::enter)
        .get(
            "/ledger",
            forOperator((_, response) ->
                Http.html(response, 200, LedgerMarkup.ledger(ledger.recent(SHOWN)))))
        .get(
            "/ledger/check",
            forOperator(
                (_, response) -> Http.html(response, 200, LedgerMarkup.check(ledger.breaks()))))
        .get("/trace", forOperator(this::find))
        .get("/trace/{jti}", forOperator(this::trace))
        .get("/operator/sessions", forOperator(ends::page))
        .post("/operator/sessions/kills", forOperator(ends::kill))
        .post("/operator/sessions/openings", forOperator(ends::open));
  }

  /// Where the operator enters, key included; for the operator's terminal only.
  public Secret entrance() {
    return new Secret(URI.create(config.address() + "/operator?key=") + key.reveal());
  }

  boolean isOperator(ServerRequest request) {
    return config.hasOperatorPages()
        && cookies
            .read(request, Cookies.OPERATOR)
            .filter(value -> cookie.equals(new Secret(value)))
            .isPresent();
  }

  private void enter(ServerRequest request, ServerResponse response) {
    Map<String, String> parameters = Http.query(request);
    if (!key.equals(new Secret(parameters.getOrDefault("key", "")))) {
      refuse(response);
      return;
    }
    cookies.setStrict(response, Cookies.OPERATOR, cookie.reveal());
    Http.redirect(response, "/ledger");
  }

  private void find(ServerRequest request, ServerResponse response) {
    String jti = Http.query(request).getOrDefault("jti", "").strip();
    Http.redirect(response, jti.isEmpty() ? "/ledger" : "/trace/" + Query.encode(jti));
  }

  private void trace(ServerRequest request, ServerResponse response) {
    String jti = request.path().pathParameters().get("jti");
    List<LedgerRecord> records = jti.length() > LONGEST_JTI ? List.of() : ledger.trace(jti);
    Http.html(response, records.isEmpty() ? 404 : 200, LedgerMarkup.trace(jti, records));
  }

  private Handler forOperator(Handler handler) {
    return (request, response) -> {
      if (isOperator(request)) {
        handler.handle(request, response);
      } else {
        refuse(response);
      }
    };
  }

  private static void refuse(ServerResponse response) {
    Http.html(
        response,
        403,
        Layout.message(
            "For the operator",
            "Open the address with the operator's key that was printed at the start."));
  }
}
