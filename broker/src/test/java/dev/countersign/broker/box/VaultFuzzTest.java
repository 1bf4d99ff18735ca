package dev.countersign.broker.box;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Broken requests in great number: each gets a refusal in Vault's form, none a fault, and nothing
/// is made. The seed is in the message, so that a find can be played again.
class VaultFuzzTest {
  private static final int ROUNDS = 400;
  private static final List<String> PATHS =
      List.of(
          "auth/jwt/login",
          "auth/token/lookup-self",
          "auth/token/renew-self",
          "database/creds/plain",
          "database/roles/fuzz",
          "database/config/fuzz",
          "verify-rar/creds/refunds",
          "verify-rar/roles/fuzz",
          "sys/leases/lookup",
          "sys/leases/renew",
          "sys/leases/revoke",
          "sys/leases/revoke-prefix/database",
          "sys/wrapping/unwrap",
          "sys/wrapping/lookup",
          "sys/internal/ui/mounts/database");
  private static final List<String> METHODS = List.of("GET", "POST", "PUT", "DELETE", "LIST");
  private static final List<String> SEEDS =
      List.of(
          "{\"role\":\"plain\",\"jwt\":\"a.b.c\"}",
          "{\"lease_id\":\"database/creds/plain/000000000000000000000000\",\"increment\":\"5m\"}",
          "{\"claims\":{\"jti\":\"x\",\"authorization_details\":[{\"type\":\"t\"}]}}",
          "{\"db_name\":\"refunds\",\"audience\":\"a\",\"presenters\":[\"gateway\"],\"rar_mappings\":"
              + "{\"t|a\":{\"grants\":[\"GRANT g TO \\\"{{name}}\\\"\"],\"constraints\":"
              + "{\"operationDetails.x\":{\"max\":5,\"pattern\":\"[a-z]\"}}}}}",
          "{\"plugin_name\":\"postgresql-database-plugin\",\"connection_url\":"
              + "\"postgresql://127.0.0.1:1/x\",\"username\":\"u\",\"password\":\"p\"}",
          "role=plain&jwt=a.b.c",
          "{\"token\":\"hvs.x\"}");
  private static final String[] SPICES = {
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\u0000",
    "\\ud800",
    "null",
    "-1",
    "1e999",
    "\u202e",
    "%00",
    "&",
    "=",
    "'; DROP ROLE x; --",
    "{{name}}",
    "../",
    "\u0000",
    "true",
    "99999999999999999999"
  };

  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  @BeforeAll
  static void start() {
    refunds = Refunds.started();
  }

  @AfterAll
  static void stop() {
    refunds.close();
  }

  @Test
  void A21_aBrokenRequestIsRefusedAndNothingElse() {
    long seed = Long.parseLong(Ids.digits(9));
    var random = new Random(seed);
    var client = new WireClient();
    String operator = Vault.of(refunds).operator();
    String session =
        Vault.of(refunds).login("plain", refunds.token(Refunds.findCase(Refunds.CASE))).token();
    for (int round = 0; round < ROUNDS; round++) {
      String method = pick(random, METHODS);
      String path = pick(random, PATHS);
      String body = broken(random, pick(random, SEEDS));
      var headers = new HashMap<String, String>(Map.of("Content-Type", type(random)));
      // A session's good read would mint: what is broken here is the body, and that has none.
      boolean isRead = path.startsWith("database/creds");
      headers.put("X-Vault-Token", random.nextBoolean() || isRead ? operator : session);
      if (random.nextInt(4) == 0) {
        headers.put("X-Vault-Wrap-TTL", pick(random, List.of("1x", "-5", "999h", "60s")));
      }
      if (method.equals("DELETE") || path.equals("auth/token/lookup-self")) {
        headers.remove("X-Vault-Token");
      }

      WireClient.Answer answer =
          client.send(
              method,
              URI.create(refunds.broker().baseUri() + "/v1/" + path),
              headers,
              method.equals("GET") || method.equals("LIST") ? null : body,
              Duration.ofSeconds(30));

      String told = "seed " + seed + ", round " + round + ": " + method + " " + path + " " + body;
      assertThat(answer.status()).as(told).isIn(200, 204, 400, 403, 404, 405, 413, 415, 503);
      if (answer.status() >= 400) {
        ObjectNode json = StrictJson.parseObject(answer.body());
        assertThat(json.propertyNames()).as(told).containsExactly("errors");
        assertThat(answer.text()).as(told).doesNotContain("Exception", "java.", "DROP ROLE");
      }
    }
    assertThat(refunds.leftOvers()).isZero();
  }

  private static String type(Random random) {
    return pick(
        random,
        List.of("application/json", "application/json", "application/x-www-form-urlencoded"));
  }

  private static <T> T pick(Random random, List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  private static String broken(Random random, String good) {
    var text = new StringBuilder(good);
    for (int i = 0; i <= random.nextInt(3); i++) {
      int at = random.nextInt(text.length());
      switch (random.nextInt(4)) {
        case 0 -> text.deleteCharAt(at);
        case 1 -> text.insert(at, SPICES[random.nextInt(SPICES.length)]);
        case 2 -> text.setCharAt(at, (char) random.nextInt(1, 0x250));
        default -> text.append(text.substring(at));
      }
      if (text.isEmpty()) {
        text.append('{');
      }
    }
    return new String(text.toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }
}
