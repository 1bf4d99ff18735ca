package dev.countersign.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.Secret;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PasswordUtil;

class ScramVerifierTest {
  private static final Secret PENCIL = new Secret("pencil");

  @Test
  void storesTheKeysOfTheExampleInRfc7677() {
    byte[] salt = Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ==");

    assertThat(ScramVerifier.of(PENCIL, salt, ScramVerifier.USUAL_ITERATIONS).text())
        .isEqualTo(
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
                + "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  }

  @Test
  void hasTheFormThatTheDriverMakes() {
    String form = "SCRAM-SHA-256\\$4096:[A-Za-z0-9+/=]{24}\\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}";

    assertThat(PasswordUtil.encodeScramSha256(PENCIL.reveal().toCharArray())).matches(form);
    assertThat(ScramVerifier.of(PENCIL).text()).matches(form);
  }

  @Test
  void saltsEachOneFreshly() {
    assertThat(ScramVerifier.of(PENCIL).text()).isNotEqualTo(ScramVerifier.of(PENCIL).text());
  }

  @Test
  void doesNotPrintItself() {
    assertThat(ScramVerifier.of(PENCIL).toString()).isEqualTo("ScramVerifier[redacted]");
  }
}
