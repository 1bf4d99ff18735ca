package dev.countersign.server;

import dev.countersign.console.box.ConsoleBox;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// An operator's browser at the console, by hand: what it sends can be left out or forged.
final class OperatorAtTheConsole {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Pattern CSRF = Pattern.compile("name=\"csrf\" content=\"([^\"]+)\"");

  private final WireClient wire = new WireClient();
  private final URI console;
  final String cookie;
  final String csrf;

  OperatorAtTheConsole(ConsoleBox console) {
    this.console = console.baseUri();
    WireClient.Answer entered =
        wire.get(URI.create(console.operatorEntrance().reveal()), Map.of(), PATIENCE);
    cookie = header(entered, "set-cookie").split(";", 2)[0];
    Matcher token = CSRF.matcher(new String(page(cookie).body(), StandardCharsets.UTF_8));
    if (!token.find()) {
      throw new AssertionError("the page has no form token");
    }
    csrf = token.group(1);
  }

  WireClient.Answer page(String cookie) {
    return wire.get(
        console.resolve("/operator/sessions"),
        cookie.isEmpty() ? Map.of() : Map.of("Cookie", cookie),
        PATIENCE);
  }

  /// Sends an act; what is empty is left out.
  WireClient.Answer send(
      String act, String cookie, String csrf, String assertion, ObjectNode body) {
    var headers = new HashMap<String, String>();
    headers.put("Content-Type", "application/json");
    Map.of("Cookie", cookie, "X-Csrf", csrf, PresenterAssertion.HEADER, assertion)
        .forEach((name, value) -> {
          if (!value.isEmpty()) {
            headers.put(name, value);
          }
        });
    return wire.send(
        "POST",
        console.resolve("/operator/sessions/" + act),
        headers,
        StrictJson.write(body),
        PATIENCE);
  }

  private static String header(WireClient.Answer answer, String name) {
    return answer.headers().getOrDefault(name, List.of("")).getFirst();
  }
}
