package dev.countersign.broker.http;

import dev.countersign.box.Http;
import dev.countersign.broker.PresenterProof;
import dev.countersign.broker.Refusal;
import dev.countersign.broker.Refusals;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import io.helidon.webserver.http.ServerRequest;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What all of the broker's paths read in the same way: who is asking, and a strict body. A request
/// that is malformed is a refusal too, so it is counted and stands in the ledger like any other.
final class Requests {
  static final String TOKEN = "X-Vault-Token";
  private static final int MAX_TEXT = 256;

  private final Refusals refusals;
  private final BrokerRoutes.Outcomes outcomes;

  Requests(Refusals refusals, BrokerRoutes.Outcomes outcomes) {
    this.refusals = refusals;
    this.outcomes = outcomes;
  }

  void count(String operation, String outcome) {
    outcomes.count(operation, outcome);
  }

  <T> T read(String operation, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (VaultRefusal | WireException malformed) {
      outcomes.count(operation, Refusal.MALFORMED.code());
      refusals.malformed(operation, String.valueOf(malformed.getMessage()));
      throw malformed;
    }
  }

  /// The presenter's assertion, or else the token alone.
  PresenterProof proof(String operation, ServerRequest request) {
    return read(
        operation,
        () -> {
          Optional<String> assertion = Http.header(request, PresenterAssertion.HEADER);
          return assertion.isPresent()
              ? new PresenterProof.Assertion(new Secret(assertion.get()))
              : new PresenterProof.Bearer(token(request));
        });
  }

  /// The token; empty where there is none, and refused then like a wrong one.
  static Secret token(ServerRequest request) {
    return new Secret(Http.header(request, TOKEN).orElse(""));
  }

  /// The JSON object in the body; an empty one where there is no body.
  ObjectNode body(ServerRequest request) {
    return request.content().hasEntity() ? Http.jsonBody(request) : StrictJson.object();
  }

  static void only(ObjectNode object, Set<String> members, String where) {
    for (String name : object.propertyNames()) {
      if (!members.contains(name)) {
        throw VaultRefusal.malformed(where + " has a member that is not known here");
      }
    }
  }

  static String text(ObjectNode object, String member) {
    JsonNode value = object.path(member);
    if (!value.isString()
        || value.stringValue().isEmpty()
        || value.stringValue().length() > MAX_TEXT) {
      throw VaultRefusal.malformed("`" + member + "` must be a string of 1 to 256 characters");
    }
    return value.stringValue();
  }
}
