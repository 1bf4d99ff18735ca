package dev.countersign.broker.http;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import tools.jackson.databind.node.ObjectNode;

/// Any bytes as the body of a Vault request: an object, or a refusal that says what is wrong in one
/// line and repeats nothing of it.
public final class BodyFuzzer {
  private BodyFuzzer() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data) {
    byte[] sent = data.consumeRemainingAsBytes();
    ObjectNode body;
    try {
      body = Bodies.read(sent);
    } catch (VaultRefusal | WireException refused) {
      String told = String.valueOf(refused.getMessage());
      if (told.isEmpty() || told.length() > 300 || told.contains("\n")) {
        throw new AssertionError("not a refusal that can be read: " + told);
      }
      return;
    }
    StrictJson.parseObject(StrictJson.write(body));
    for (String name : body.propertyNames()) {
      Times.of(body.path(name).asString(""))
          .ifPresent(time -> {
            if (time.isNegative()) {
              throw new AssertionError("a time that is negative");
            }
          });
    }
  }
}
