package dev.countersign.policy;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// The refunds example as tests see it: a support representative, an agent and its requests.
final class Refunds {
  static final Path EXAMPLE = Path.of("..", "examples", "refunds");
  static final TypeRegistry TYPES = TypeRegistry.load(EXAMPLE.resolve("types.yaml"));
  static final Policy POLICY = Policy.load(EXAMPLE.resolve("policy.yaml"), TYPES);
  static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

  private Refunds() {}

  /// One refund, with the amount in any spelling.
  static String refund(String amount) {
    return refund(amount, "USD", "R-884-2233");
  }

  static String refund(String amount, String currency, String account) {
    return """
    {"type":"urn:smt:agent:refund","operationDetails":{"action":"process_refund",\
    "instructedAmount":{"currency":"%s","amount":%s},\
    "creditorAccount":{"identification":"%s"}}}\
    """
        .formatted(currency, amount, account);
  }

  static String caseRequest(String members) {
    return "{\"type\":\"urn:smt:agent:case\",\"operationDetails\":{" + members + "}}";
  }

  static AuthorizationDetails details(String... elements) {
    return AuthorizationDetails.parse("[" + String.join(",", elements) + "]");
  }

  /// A request of a person whose refund limit is 50.00 USD.
  static AccessRequest ask(String... elements) {
    return ask(Map.of("refund_limit", "5000"), elements);
  }

  /// A request of a person with these attributes, their values as JSON.
  static AccessRequest ask(Map<String, String> attributes, String... elements) {
    var facts = new HashMap<String, Attribute>();
    attributes.forEach(
        (name, value) -> facts.put(name, new Attribute(StrictJson.parse(value), "claim", NOON)));
    return new AccessRequest(
        "entra|00000000-0000-4000-8000-00000000a001",
        "entra",
        facts,
        "gateway",
        "gateway",
        Set.of("refunds"),
        details(elements),
        NOON);
  }

  /// A file in a folder of the test.
  static Path write(Path folder, String name, String content) {
    try {
      return Files.writeString(folder.resolve(name), content);
    } catch (IOException full) {
      throw new UncheckedIOException(full);
    }
  }
}
