package dev.countersign.server.rehearsal;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.math.BigDecimal;
import tools.jackson.databind.node.ObjectNode;

/// Tells the result of a tool of the refunds example in a sentence. What a result says is told,
/// never obeyed.
final class Telling {
  private Telling() {}

  static String of(String result) {
    if (result.startsWith("refused (")) {
      return "That was refused"
          + result.substring(result.indexOf(')') + 1).replace(" Do not try another way.", "");
    }
    try {
      return told(StrictJson.parseObject(result), result);
    } catch (MalformedJsonException words) {
      return result;
    }
  }

  private static String told(ObjectNode result, String text) {
    if (result.path("refund_id").isIntegralNumber()) {
      return "I refunded %s %s on %s (refund_id %s)."
          .formatted(
              amount(result.path("amount").asLong(0)),
              result.path("currency").asString(""),
              result.path("case_id").asString(""),
              result.path("refund_id"));
    }
    if (result.path("cases").isArray()) {
      return "Here are the latest " + result.path("cases").size() + " cases.";
    }
    if (result.path("case_id").isString() && result.path("status").isString()) {
      return "Case %s of %s: %s, paid %s %s, %s."
          .formatted(
              result.path("case_id").asString(""),
              result.path("customer").asString(""),
              result.path("product").asString(""),
              amount(result.path("paid").asLong(0)),
              result.path("currency").asString(""),
              result.path("status").asString(""));
    }
    return text;
  }

  private static String amount(long cents) {
    return BigDecimal.valueOf(cents, 2).toPlainString();
  }
}
