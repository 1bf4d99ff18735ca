package dev.countersign.sts;

import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import java.nio.charset.StandardCharsets;

/// Any text as authorization details: refused with a description that may go out, or read as one
/// value with one form.
public final class DetailsFuzzer {
  private static final TypeRegistry TYPES = TypeRegistry.load(World.file("types.yaml"));

  private DetailsFuzzer() {}

  public static void fuzzerTestOneInput(byte[] input) {
    AuthorizationDetails details;
    try {
      details = AuthorizationDetails.parse(new String(input, StandardCharsets.UTF_8));
      TYPES.check(details);
    } catch (WireException refused) {
      if (!refused.description().matches("[ !#-\\[\\]-~]{1,400}")) {
        throw new AssertionError("a description that may not go out", refused);
      }
      return;
    }
    AuthorizationDetails again = AuthorizationDetails.parse(details.canonical());
    if (!again.digest().equals(details.digest())
        || !StrictJson.write(details.json()).equals(details.canonical())) {
      throw new AssertionError("two forms of one value");
    }
    TYPES.check(again);
    for (AuthorizationDetails.Element element : details.elements()) {
      if (TYPES.sentence(element).codePoints().anyMatch(point -> point < ' ')) {
        throw new AssertionError("a sentence of more than one line");
      }
    }
    TYPES.forAudit(details);
  }
}
