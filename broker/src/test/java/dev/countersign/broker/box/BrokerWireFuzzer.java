package dev.countersign.broker.box;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// Anything at the broker's paths, over its socket: an answer in Vault's form and never a fault,
/// and a credential only where the request stayed a good one.
public final class BrokerWireFuzzer {
  private static final Refunds REFUNDS = Refunds.started();
  private static final List<String> PATHS =
      List.of(
          "/v1/verify-rar/creds/refunds",
          "/v1/sys/leases/lookup",
          "/v1/sys/leases/renew",
          "/v1/sys/leases/revoke",
          "/v1/sys/leases/revoke-prefix/verify-rar",
          "/v1/auth/jwt/login",
          "/v1/database/roles/refunds",
          "/v1/sys/wrapping/unwrap");

  private BrokerWireFuzzer() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data) {
    REFUNDS.ledger.clear();
    REFUNDS.pass(Duration.ofMinutes(6)); // what was minted is over
    REFUNDS.broker().sweeper().sweep();
    ObjectNode claims = REFUNDS.claims(Refunds.refund(Refunds.CASE, 8000));
    String path = data.pickValue(PATHS);
    Map<String, String> headers = new HashMap<>();
    boolean isGood = true;
    if (data.consumeBoolean()) {
      headers.put("X-Vault-Token", REFUNDS.sign(claims));
    } else {
      isGood = false;
      headers.put("X-Vault-Token", printable(data.consumeString(200)));
    }
    if (data.consumeBoolean()) {
      headers.put(PresenterAssertion.HEADER, REFUNDS.assertion("gateway"));
    } else {
      isGood = false;
      headers.put(PresenterAssertion.HEADER, printable(data.consumeString(200)));
    }
    headers.put("Content-Type", "application/json");
    WireClient.Answer answer =
        REFUNDS.sendText("POST", path, headers, data.consumeRemainingAsString());
    check(answer, isGood);
  }

  // What an HTTP client lets through in a header.
  private static String printable(String text) {
    return "x" + text.replaceAll("[^ -~]", "").strip();
  }

  private static void check(WireClient.Answer answer, boolean isGood) {
    if (answer.status() >= 500 || answer.status() < 200) {
      throw new AssertionError("answer " + answer.status() + ": " + answer.text());
    }
    if (answer.status() >= 400
        && !StrictJson.parseObject(answer.text().getBytes(StandardCharsets.UTF_8))
            .path("errors")
            .isArray()) {
      throw new AssertionError("an error that is not in Vault's form");
    }
    boolean isMinted = !REFUNDS.entries(LedgerEvent.LEASE_MINTED).isEmpty();
    if (isMinted && !isGood) {
      throw new AssertionError("a credential without token and proof");
    }
    if (isMinted != answer.text().contains("\"password\":\"")) {
      throw new AssertionError("the ledger and the answer do not agree");
    }
  }
}
