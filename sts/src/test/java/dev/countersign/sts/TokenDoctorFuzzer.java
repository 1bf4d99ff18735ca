package dev.countersign.sts;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import dev.countersign.sts.diagnosis.Expected;
import dev.countersign.sts.diagnosis.TokenDoctor;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Any header and any claims before the doctor, who looks at them before any signature is checked.
public final class TokenDoctorFuzzer {
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();
  private static final TokenDoctor DOCTOR =
      new TokenDoctor(
          new Expected(
              "https://login.microsoftonline.com/t/v2.0",
              Set.of("api"),
              Set.of("", "JWT"),
              Set.of("RS256"),
              "oid",
              List.of("email"),
              Map.of("ver", "2.0"),
              Set.of("app"),
              Duration.ofSeconds(30)),
          Instant.parse("2026-01-01T12:00:00Z"));

  private TokenDoctorFuzzer() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data) {
    if (data.consumeBoolean()) {
      DOCTOR.examine(data.consumeRemainingAsString());
      return;
    }
    String header = data.consumeString(200);
    String claims = data.consumeRemainingAsString();
    DOCTOR.examine(encoded(header) + "." + encoded(claims) + ".AAAA");
  }

  private static String encoded(String text) {
    return BASE64.encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
