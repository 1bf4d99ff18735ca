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
        id, id, URI.create("https://" + id + ".example"), "console", List.of("openid"), Set.of());
  }

  private Session session(Provider provider, String sid, boolean renews) {
    var grant =
        new Grant(
            new Secret("bearer-1"),
            NOON.plus(Duration.ofHours(1)),
            renews ? Optional.of(new Secret("refresh-1")) : Optional.empty());
    return new Session(
        provider, new SignInResult.SignedIn("Maya", "maya", sid, new Secret("id"), grant), NOON);
  }

  private void pass(Duration time) {
    now.updateAndGet(was -> was.plus(time));
  }

  @Test
  void endsAfterTheIdleLimitAndNotASecondBefore() {
    Session session = session(ENTRA, "s-1", true);
    String cookie = sessions.open(session);

    pass(Duration.ofMinutes(30).minusSeconds(1));
    assertThat(sessions.find(cookie)).isPresent();
    pass(Duration.ofSeconds(1));

    assertThat(sessions.find(cookie)).isEmpty();
    assertThat(session.hasEnded()).isTrue();
  }

  @Test
  void isNotIdleWhileThePersonDoesSomethingButEndsInAnyCase() {
    Session session = session(ENTRA, "s-1", true);
    String cookie = sessions.open(session);

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
    Session session = session(ENTRA, "s-1", false);
    String cookie = sessions.open(session);

    pass(Duration.ofMinutes(25));
    session.see(now.get());
    pass(Duration.ofMinutes(25));
    session.see(now.get());
    pass(Duration.ofMinutes(10));

    assertThat(sessions.find(cookie)).isEmpty();
  }

  @Test
  void isDueForANewBearerInItsLastMinuteOnlyAndKeepsARefreshTokenThatIsNotReplaced() {
    Session session = session(ENTRA, "s-1", true);

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
    Session meant = session(ENTRA, "s-1", true);
    Session otherSession = session(ENTRA, "s-2", true);
    Session otherProvider = session(OKTA, "s-1", true);
    List.of(meant, otherSession, otherProvider).forEach(sessions::open);

    sessions.endOf(ENTRA, "s-1", "maya");

    assertThat(meant.hasEnded()).isTrue();
    assertThat(otherSession.hasEnded()).isFalse();
    assertThat(otherProvider.hasEnded()).isFalse();
  }

  @Test
  void endsAllSessionsOfAPersonWhereTheProviderNamesNone() {
    Session first = session(ENTRA, "s-1", true);
    Session second = session(ENTRA, "", true);
    Session other = session(OKTA, "s-1", true);
    List.of(first, second, other).forEach(sessions::open);

    sessions.endOf(ENTRA, "", "maya");

    assertThat(List.of(first.hasEnded(), second.hasEnded(), other.hasEnded()))
        .containsExactly(true, true, false);
  }
}
