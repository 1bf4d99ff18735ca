package dev.countersign.sts.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.Secret;
import dev.countersign.sts.clients.GuessLimit.Lock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a look at a secret costs, counted in slow derivations: a clock would tell what else the
/// machine was doing.
class SecretCheckTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final String SOURCE = "192.0.2.7";
  private static final Secret FIRST = secret("first");
  private static final Secret SECOND = secret("second");
  private static final Secret WRONG = secret("wrong");

  private final List<String> wrong = new ArrayList<>();
  private int derivations;

  @Test
  void A22_aRefusalCostsTheSameWhetherTheClientIsKnownOrNot() {
    List<Credentials.DatedSecret> none = List.of();
    List<Credentials.DatedSecret> one = List.of(dated(FIRST));
    List<Credentials.DatedSecret> two = List.of(dated(FIRST), dated(SECOND));
    SecretCheck check = check(Lock.NONE);

    for (List<Credentials.DatedSecret> known : List.of(none, one, two)) {
      derivations = 0;
      assertThat(check.isRight("agent", known, WRONG, SOURCE, NOON)).isFalse();
      assertThat(derivations).isEqualTo(2);
    }
    assertThat(wrong).as("each counts as a guess").hasSize(3);
  }

  @Test
  void A22_aLockedGuessCostsNothingWhetherTheClientIsKnownOrNot() {
    SecretCheck check = check(Lock.CLIENT);

    assertThat(check.isRight("agent", List.of(dated(FIRST)), FIRST, SOURCE, NOON)).isFalse();
    assertThat(check.isRight("nobody", List.of(), FIRST, SOURCE, NOON)).isFalse();

    assertThat(derivations).isZero();
  }

  @Test
  void aSecretThatWasRightOnceIsNotDerivedAgain() {
    SecretCheck check = check(Lock.NONE);
    List<Credentials.DatedSecret> known = List.of(dated(FIRST), dated(SECOND));

    assertThat(check.isRight("agent", known, SECOND, SOURCE, NOON)).isTrue();
    int first = derivations;
    assertThat(check.isRight("agent", known, SECOND, SOURCE, NOON)).isTrue();

    assertThat(first).isEqualTo(2);
    assertThat(derivations).isEqualTo(first);
  }

  @Test
  void E11_whoKnowsItsSecretGetsThroughBesideThoseWhoGuess() {
    SecretCheck check = check(Lock.SOURCE);
    List<Credentials.DatedSecret> known = List.of(dated(FIRST));

    assertThat(check.isRight("agent", known, FIRST, SOURCE, NOON)).as("the first look").isTrue();
    assertThat(check.isRight("agent", known, FIRST, SOURCE, NOON)).as("remembered").isTrue();
  }

  @Test
  void A22_aSourceThatGuessedTooMuchIsLookedAtOnceASecondWhetherTheClientIsKnownOrNot() {
    for (List<Credentials.DatedSecret> known :
        List.of(List.<Credentials.DatedSecret>of(), List.of(dated(FIRST)))) {
      SecretCheck check = check(Lock.SOURCE);
      derivations = 0;
      long start = System.nanoTime();
      long looks = 0;
      for (int i = 0; i < 50; i++) {
        check.isRight("agent", known, WRONG, SOURCE, NOON);
        looks = derivations / 2;
      }
      long seconds = Duration.ofNanos(System.nanoTime() - start).toSeconds();

      assertThat(derivations % 2).isZero();
      assertThat(looks).isBetween(1L, 2 + seconds);
    }
  }

  private SecretCheck check(Lock lock) {
    var guesses =
        new GuessLimit() {
          @Override
          public Lock lock(String client, String source, Instant now) {
            return lock;
          }

          @Override
          public void wrong(String client, String source, Instant now) {
            wrong.add(client);
          }
        };
    return new SecretCheck(
        guesses,
        (hash, offered) -> {
          derivations++;
          return hash.matches(offered);
        });
  }

  private static Secret secret(String word) {
    return new Secret("the " + word + " secret of this client, long enough");
  }

  private static Credentials.DatedSecret dated(Secret secret) {
    return new Credentials.DatedSecret(HashedSecret.of(secret, 1_000), null);
  }
}
