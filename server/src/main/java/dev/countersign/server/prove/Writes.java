package dev.countersign.server.prove;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import java.util.Locale;
import tools.jackson.databind.node.ArrayNode;

/// What is asked for in the test tenant: `urn:countersign:prove`, a thing and an amount.
record Writes(String action, String thing, int amount) {
  /// The test tenant's type.
  static final String TYPE = "urn:countersign:prove";

  private static final int THING = 16;

  /// A small write of something new, which policy permits.
  static Writes small() {
    return new Writes("write", newThing(), 80);
  }

  /// A large write of something new, which a person must approve.
  static Writes large() {
    return new Writes("write", newThing(), 800);
  }

  /// A permitted request that no role maps.
  static Writes unmapped() {
    return new Writes("unmapped", newThing(), 1);
  }

  /// Something that counts against the limit of 500 in ten seconds.
  static Writes counted() {
    return new Writes("count", newThing(), 100);
  }

  Writes of(int other) {
    return new Writes(action, thing, other);
  }

  AuthorizationDetails details() {
    return AuthorizationDetails.of(json());
  }

  ArrayNode json() {
    var element = StrictJson.object().put("type", TYPE);
    element
        .putObject("operationDetails")
        .put("action", action)
        .put("thing", thing)
        .put("amount", amount);
    return StrictJson.array().add(element);
  }

  private static String newThing() {
    return Ids.base62(THING).toLowerCase(Locale.ROOT);
  }
}
