package dev.countersign.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SessionsTest {
  private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  private static final Provider ENTRA = provider("entra");
  private static final Provider OKTA = provider("okta");

  private final AtomicReference<Instant> now = new AtomicReference<>(NOON);
  private final Sessions sessions =
      new Sessions(new SessionLimits(Duration.ofMinutes(30), Duration.ofHours(2)), now::get);

  private static Provider provider(String id) {
    return new Provider(
        id,
        id,
        URI.create("https://" + id + ".example"),
        "console",
        Optional.empty(),
        List.of("openid"),
        Set.of());
  }

  private String open(Provider provider, String sid, boolean renews) {
    var grant =
        new Grant(
            new Secret("bearer-1"),
            NOON.plus(Duration.ofHours(1)),
            renews ? Optional.of(new Secret("refresh-1")) : Optional.empty());
    return sessions.open(
        provider, new SignInResult.SignedIn("Maya", "maya", sid, new Secret("id"), grant));
  }

  private Session opened(Provider provider, String sid) {
    return sessions.find(open(provider, sid, true)).orElseThrow();
  }

  private void pass(Duration time) {
    now.updateAndGet(was -> was.plus(time));
  }

  @Test
  void endsAfterTheIdleLimitAndNotASecondBefore() {
    String cookie = open(ENTRA, "s-1", true);
    Session session = sessions.find(cookie).orElseThrow();

    pass(Duration.ofMinutes(30).minusSeconds(1));
    assertThat(sessions.find(cookie)).isPresent();
    pass(Duration.ofSeconds(1));

    assertThat(sessions.find(cookie)).isEmpty();
    assertThat(session.hasEnded()).isTrue();
  }

  @Test
  void isNotIdleWhileThePersonDoesSomethingButEndsInAnyCase() {
    String cookie = open(ENTRA, "s-1", true);
    Session session = sessions.find(cookie).orElseThrow();

    for (int i = 0; i < 5; i++) {
      pass(Duration.ofMinutes(20));
      assertThat(sessions.find(cookie)).isPresent();
      session.see(now.get());
    }
    pass(Duration.ofMinutes(20));

    assertThat(sessions.find(cookie)).isEmpty();
  }

  @Test
  void endsWithItsBearerWhereTheProviderRenewsNone() {
    String cookie = open(ENTRA, "s-1", false);
    Session session = sessions.find(cookie).orElseThrow();

    pass(Duration.ofMinutes(25));
    session.see(now.get());
    pass(Duration.ofMinutes(25));
    session.see(now.get());
    pass(Duration.ofMinutes(10));

    assertThat(sessions.find(cookie)).isEmpty();
  }

  @Test
  void isDueForANewBearerInItsLastMinuteOnlyAndKeepsARefreshTokenThatIsNotReplaced() {
    Session session = opened(ENTRA, "s-1");

    assertThat(session.refreshTokenIfDue(NOON.plus(Duration.ofMinutes(58)))).isEmpty();
    assertThat(session.refreshTokenIfDue(NOON.plus(Duration.ofMinutes(59))))
        .contains(new Secret("refresh-1"));
    session.renew(
        new Grant(new Secret("bearer-2"), NOON.plus(Duration.ofHours(2)), Optional.empty()));

    assertThat(session.bearer()).isEqualTo(new Secret("bearer-2"));
    assertThat(session.refreshTokenIfDue(NOON.plus(Duration.ofHours(2))))
        .contains(new Secret("refresh-1"));
  }

  @Test
  void endsTheSessionThatTheProviderNamesAndNoOther() {
    Session meant = opened(ENTRA, "s-1");
    Session otherSession = opened(ENTRA, "s-2");
    Session otherProvider = opened(OKTA, "s-1");

    sessions.endOf(ENTRA, "logout-1", "s-1", "maya");

    assertThat(meant.hasEnded()).isTrue();
    assertThat(otherSession.hasEnded()).isFalse();
    assertThat(otherProvider.hasEnded()).isFalse();
  }

  @Test
  void endsAllSessionsOfAPersonWhereTheProviderNamesNone() {
    Session first = opened(ENTRA, "s-1");
    Session second = opened(ENTRA, "");
    Session other = opened(OKTA, "s-1");

    sessions.endOf(ENTRA, "logout-1", "", "maya");

    assertThat(List.of(first.hasEnded(), second.hasEnded(), other.hasEnded()))
        .containsExactly(true, true, false);
  }

  @Test
  void endsASessionWithoutANameByItsPerson() {
    Session nameless = opened(ENTRA, "");

    sessions.endOf(ENTRA, "logout-1", "s-1", "maya");

    assertThat(nameless.hasEnded()).isTrue();
  }

  @Test
  void takesALogoutOnce() {
    assertThat(sessions.endOf(ENTRA, "logout-1", "s-1", "maya")).isTrue();
    Session later = opened(ENTRA, "s-1");

    assertThat(sessions.endOf(ENTRA, "logout-1", "s-1", "maya")).isFalse();
    assertThat(later.hasEnded()).isFalse();
    assertThat(sessions.endOf(OKTA, "logout-1", "s-1", "maya")).isTrue();
  }

  @Test
  void endsTheIdlestSessionOfAPersonWhoHasTooManyAndNobodyElses() {
    Session idlest = opened(ENTRA, "s-0");
    pass(Duration.ofSeconds(1));
    Session other = opened(OKTA, "s-0");
    for (int i = 1; i < 20; i++) {
      open(ENTRA, "s-" + i, true);
    }
    assertThat(idlest.hasEnded()).isFalse();

    open(ENTRA, "s-20", true);

    assertThat(idlest.hasEnded()).isTrue();
    assertThat(other.hasEnded()).isFalse();
  }

  @Test
  void remembersAPersonsCallsFromOneSignInToTheNextAndShowsThemToNobodyElse() {
    opened(ENTRA, "s-1").chat().traces().add("jti-1");

    assertThat(opened(ENTRA, "s-2").chat().traces().has("jti-1")).isTrue();
    assertThat(opened(OKTA, "s-3").chat().traces().has("jti-1")).isFalse();
  }
}
