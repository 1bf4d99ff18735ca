package dev.countersign.sts;

import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.VerificationKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/// Any bytes as a foreign issuer's key set: refused in words of ours, or read as keys that verify
/// nothing that the issuer did not sign.
public final class KeySetFuzzer {
  private static final JwtRules RULES =
      new JwtRules(
          "https://idp.example",
          Set.of("refunds"),
          Set.of("jwt", ""),
          JwtRules.ASYMMETRIC,
          Duration.ZERO,
          Duration.ZERO);
  // {"alg":"RS256","typ":"JWT"} . {"iss":"https://idp.example"} . three bytes
  private static final String TOKEN =
      "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0.AAAA";

  private KeySetFuzzer() {}

  public static void fuzzerTestOneInput(byte[] input) {
    VerificationKeys keys;
    try {
      keys = VerificationKeys.parse(input);
    } catch (MalformedJsonException refused) {
      return;
    }
    if (keys.size() > 64) {
      throw new AssertionError("more keys than a set may have");
    }
    var verifier = new JwtVerifier(RULES, KeySource.of(keys), () -> Instant.EPOCH);
    if (!(verifier.verify(TOKEN) instanceof JwtCheck.Rejected)) {
      throw new AssertionError("a signature of three bytes was taken");
    }
  }
}
