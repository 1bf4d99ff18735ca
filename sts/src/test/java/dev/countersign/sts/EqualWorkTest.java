package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.TokenTypes;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Form;
import dev.countersign.sts.World.Person;
import java.security.Security;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whoever guesses learns nothing by the time an answer takes: an id that is somebody else's costs
/// the same statements as one that does not exist, and a wrong code the same digests, whatever is
/// wrong with it.
class EqualWorkTest {
  private static final String UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAAAAAAA";
  private static final World WORLD =
      new World(SentStatements.listeningTo(World.settings()), World.stepUp());

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void G10_theDoorCostsTheSame() {
    String known = WORLD.exchange(WORLD.person(), 9_000).text("approval_id");

    List<String> forKnown = SentStatements.of(() -> WORLD.send("GET", "/approve/" + known, null));

    assertThat(SentStatements.of(() -> WORLD.send("GET", "/approve/" + UNKNOWN, null)))
        .isEqualTo(forKnown);
  }

  @Test
  void G10_lookingCostsTheSame() {
    String known = WORLD.exchange(WORLD.person(), 9_000).text("approval_id");
    String cookie = WORLD.signIn(WORLD.person().key(), "passkeys");

    List<String> forKnown = looking(known, cookie);

    assertThat(forKnown).hasSize(2); // who is it, and is it theirs
    assertThat(looking(UNKNOWN, cookie)).isEqualTo(forKnown);
  }

  private static List<String> looking(String id, String cookie) {
    return SentStatements.of(() -> {
      Answer answer = WORLD.send("GET", "/approve/" + id, null, "Cookie", cookie);
      assertThat(answer.status()).isEqualTo(404);
    });
  }

  @ParameterizedTest
  @ValueSource(strings = {"approve", "passkey", "deny", "suspicious", "idp", "send-emailotp"})
  void G10_answeringCostsTheSame(String action) {
    String known = WORLD.exchange(WORLD.person(), 9_000).text("approval_id");
    String cookie = WORLD.signIn(WORLD.person().key(), "passkeys");

    List<String> forKnown = answering(known, cookie, action);

    assertThat(forKnown).hasSize(2);
    assertThat(answering(UNKNOWN, cookie, action)).isEqualTo(forKnown);
  }

  private static List<String> answering(String id, String cookie, String action) {
    var form = new Form(id, WORLD.csrf(id, cookie), cookie);
    return SentStatements.of(
        () -> assertThat(WORLD.submit(form, action, "123456").status()).isEqualTo(404));
  }

  @Test
  void G10_pollingCostsTheSame() {
    Person person = WORLD.person();
    String known = WORLD.exchange(person, 9_000).text("approval_id");

    List<String> forKnown = polling(known);

    assertThat(forKnown).isNotEmpty();
    assertThat(polling(UNKNOWN)).isEqualTo(forKnown);
  }

  private static List<String> polling(String id) {
    var form = new LinkedHashMap<String, String>();
    form.put("grant_type", TokenTypes.CIBA_GRANT);
    form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
    form.put("client_assertion", WORLD.assertion("standard"));
    form.put("auth_req_id", id);
    return SentStatements.of(
        () -> assertThat(WORLD.post(form).text("error")).isEqualTo("invalid_grant"));
  }

  @Test
  void G10_aChallengeOfAnotherApprovalCostsTheSame() {
    Answer own = WORLD.exchange(WORLD.person(), 9_000);
    String known = WORLD.exchange(WORLD.person(), 9_000).text("approval_id");

    List<String> forKnown = verifying(known, own);

    assertThat(verifying(UNKNOWN, own)).isEqualTo(forKnown);
  }

  private static List<String> verifying(String id, Answer own) {
    return SentStatements.of(() -> {
      Answer answer =
          WORLD.send(
              "GET",
              "/v2.0/factors/emailotp/transient/verifications/" + id,
              null,
              "Authorization",
              "Bearer " + own.text("access_token"));
      assertThat(answer.status()).isEqualTo(401);
    });
  }

  @Test
  void G01_aWrongCodeCostsTheSameWhateverIsWrongWithIt() {
    Person person = WORLD.person();
    Form form = WORLD.open(WORLD.exchange(person, 9_000).text("approval_id"));
    String wrong = World.wrong(WORLD.codeFor(person));
    String near = wrong.substring(0, 5) + (wrong.endsWith("9") ? "8" : "9");
    byte[] key = WORLD.config.keys().master().derived("one-time codes");
    var counting = CountedMac.provider();
    Security.insertProviderAt(counting, 1);
    try {
      int digests = CountedMac.of(key, () -> trying(form, wrong));

      assertThat(digests).isEqualTo(1);
      for (String entered : List.of(near, "12345", "not a number at all, and long")) {
        if (!entered.equals(WORLD.codeFor(person))) {
          assertThat(CountedMac.of(key, () -> trying(form, entered))).isEqualTo(digests);
        }
      }
    } finally {
      Security.removeProvider(counting.getName());
    }
  }

  private static void trying(Form form, String code) {
    Answer answer = WORLD.submit(form, "approve", code);
    assertThat(answer.body()).doesNotContain("<h1>Approved</h1>");
  }
}
