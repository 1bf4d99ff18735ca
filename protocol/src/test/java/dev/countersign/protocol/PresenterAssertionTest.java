package dev.countersign.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class PresenterAssertionTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final String BROKER = "https://broker.example";
  private static final ECKey GATEWAY = key();
  private static final ECKey STRANGER = key();

  private final Set<String> seen = new HashSet<>();
  private final PresenterAssertion.Checker checker =
      new PresenterAssertion.Checker(
          Set.of(BROKER),
          Map.of("gateway", KeySource.of(VerificationKeys.of(List.of(GATEWAY)))),
          (issuer, id, _) -> seen.add(issuer + " " + id),
          () -> NOON);

  @Test
  void provesAWorkloadOnce() {
    String assertion =
        new PresenterAssertion.Maker("gateway", GATEWAY, () -> NOON).assertion(BROKER);

    assertThat(checker.check(assertion))
        .isEqualTo(new PresenterAssertion.Result.Presenter("gateway"));
  }

  @Test
  void E01_refusesTheSecondUse() {
    String assertion =
        new PresenterAssertion.Maker("gateway", GATEWAY, () -> NOON).assertion(BROKER);
    checker.check(assertion);

    assertRefused(assertion);
  }

  @Test
  void E01_refusesALongLifeAMissingIdAndAnOldDate() {
    long now = NOON.getEpochSecond();
    assertRefused(signed(GATEWAY, c -> c.put("exp", now + 3600)));
    assertRefused(signed(GATEWAY, c -> c.remove("jti")));
    assertRefused(signed(GATEWAY, c -> c.remove("iat")));
    assertRefused(signed(GATEWAY, c -> c.put("iat", now - 3600)));
  }

  @Test
  void E02_refusesAnotherAudienceOrSeveral() {
    assertRefused(signed(GATEWAY, c -> c.put("aud", BROKER + "/v1")));
    assertRefused(signed(GATEWAY, c -> c.putArray("aud").add(BROKER).add("x")));
  }

  @Test
  void E03_refusesASubjectThatIsNotTheIssuer() {
    assertRefused(signed(GATEWAY, c -> c.put("sub", "receiver")));
  }

  @Test
  void refusesAStrangersKeyAndAnUnknownWorkload() {
    assertRefused(signed(STRANGER, _ -> {}));
    assertRefused(signed(GATEWAY, c -> c.put("iss", "nobody").put("sub", "nobody")));
    assertRefused("");
    assertRefused("not.a.token");
  }

  private void assertRefused(String assertion) {
    assertThat(checker.check(assertion)).isInstanceOf(PresenterAssertion.Result.Refused.class);
  }

  private static String signed(ECKey key, Consumer<ObjectNode> change) {
    long now = NOON.getEpochSecond();
    ObjectNode claims = StrictJson.object().put("iss", "gateway").put("sub", "gateway");
    claims.put("aud", BROKER).put("jti", Ids.random()).put("iat", now).put("exp", now + 60);
    change.accept(claims);
    return new JwtSigner(key).sign(PresenterAssertion.TYPE, claims);
  }

  private static ECKey key() {
    try {
      return new ECKeyGenerator(Curve.P_256).keyIDFromThumbprint(true).generate();
    } catch (JOSEException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
