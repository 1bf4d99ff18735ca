package dev.countersign.idp;

import dev.countersign.protocol.Ids;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// Browser sessions, codes and tokens of all people, and their end.
///
/// One lock guards all of it, so that nothing is issued from a session while it is being revoked.
/// Threads may share it.
public final class SignIns {
  private final InstantSource clock;
  private final Map<String, BrowserSession> sessions = new HashMap<>();
  private final Map<String, Code> codes = new HashMap<>();
  private final Map<String, RefreshToken> refreshTokens = new HashMap<>();
  private final Map<String, AccessToken> accessTokens = new HashMap<>();
  private final Map<String, Instant> withdrawnFamilies = new HashMap<>();
  private final Map<String, Instant> validFrom = new HashMap<>();

  public SignIns(InstantSource clock) {
    this.clock = clock;
  }

  /// Opens a browser session and returns its cookie's value.
  ///
  /// @param hadSecondFactor whether the person showed a second factor
  public synchronized String open(Person person, boolean hadSecondFactor) {
    Instant now = clock.instant();
    sessions.values().removeIf(session -> isOver(session.authenticatedAt(), Lifetimes.SESSION));
    String cookie = Ids.random();
    sessions.put(cookie, new BrowserSession(Ids.random(), person, now, hadSecondFactor));
    return cookie;
  }

  /// The live session of a cookie.
  public synchronized Optional<BrowserSession> session(String cookie) {
    return Optional.ofNullable(sessions.get(cookie))
        .filter(session -> !isOver(session.authenticatedAt(), Lifetimes.SESSION));
  }

  /// Ends one browser session.
  public synchronized Optional<BrowserSession> close(String cookie) {
    return Optional.ofNullable(sessions.remove(cookie));
  }

  /// Issues a code from a live session; empty if the session has just ended.
  public synchronized Optional<String> issueCode(String cookie, AuthorizationRequest request) {
    codes.values().removeIf(code -> isOver(code.issuedAt, Lifetimes.FORM));
    return session(cookie)
        .map(session -> {
          var grant =
              new Grant(
                  Ids.random(),
                  request.server(),
                  request.client().id(),
                  session.person(),
                  request.scopes(),
                  request.nonce(),
                  session.id(),
                  session.authenticatedAt(),
                  Strengths.reached(request.strengths(), session.hadSecondFactor()));
          String code = Ids.random();
          codes.put(
              code,
              new Code(
                  grant, request.reply().redirectUri(), request.codeChallenge(), clock.instant()));
          return code;
        });
  }

  /// Redeems a code, once. A second try withdraws what the first one brought.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2 RFC 6749 §4.1.2
  public synchronized Redemption redeemCode(
      String text, String server, String clientId, String redirectUri, String verifier) {
    Code code = codes.get(text);
    if (code == null
        || !code.grant.clientId().equals(clientId)
        || !code.grant.server().equals(server)) {
      return new Redemption.Unknown();
    }
    if (code.isUsed) {
      withdraw(code.grant.family());
      return new Redemption.Reused();
    }
    if (isOver(code.issuedAt, Lifetimes.CODE)) {
      return new Redemption.Expired();
    }
    if (withdrawnFamilies.containsKey(code.grant.family())) {
      return revoked(code.grant, code.issuedAt);
    }
    if (!code.redirectUri.equals(redirectUri)) {
      return new Redemption.WrongRedirectUri();
    }
    code.isUsed = true;
    return Pkce.matches(verifier, code.challenge)
        ? new Redemption.Granted(code.grant)
        : new Redemption.WrongVerifier();
  }

  /// A new refresh token of a grant.
  public synchronized String issueRefreshToken(Grant grant) {
    refreshTokens.values().removeIf(token -> isOver(token.issuedAt, Lifetimes.REFRESH_TOKEN));
    String text = Ids.base62(64);
    refreshTokens.put(text, new RefreshToken(grant.withoutNonce(), clock.instant()));
    return text;
  }

  /// Uses a refresh token up. A second use is a sign of theft and withdraws the whole family.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 RFC 9700 §4.14.2
  public synchronized Redemption refresh(String text, String server, String clientId) {
    RefreshToken token = refreshTokens.get(text);
    if (token == null
        || !token.grant.clientId().equals(clientId)
        || !token.grant.server().equals(server)) {
      return new Redemption.Unknown();
    }
    if (withdrawnFamilies.containsKey(token.grant.family())) {
      return token.isUsed ? new Redemption.Reused() : revoked(token.grant, token.issuedAt);
    }
    if (token.isUsed) {
      withdraw(token.grant.family());
      return new Redemption.Reused();
    }
    if (isOver(token.issuedAt, Lifetimes.REFRESH_TOKEN)) {
      return new Redemption.Expired();
    }
    token.isUsed = true;
    return new Redemption.Granted(token.grant);
  }

  /// Remembers an access token, so that introspection can tell whether it still lives.
  public synchronized void remember(String tokenId, Grant grant, Instant expiresAt) {
    Instant now = clock.instant();
    accessTokens.values().removeIf(token -> !now.isBefore(token.expiresAt));
    accessTokens.put(tokenId, new AccessToken(grant, expiresAt));
  }

  /// The grant of an access token that has not been withdrawn.
  public synchronized Optional<Grant> liveAccessToken(String tokenId) {
    return Optional.ofNullable(accessTokens.get(tokenId))
        .filter(token -> clock.instant().isBefore(token.expiresAt))
        .map(token -> token.grant)
        .filter(grant -> !withdrawnFamilies.containsKey(grant.family()));
  }

  /// The grant of a refresh token that can still be used, without using it.
  public synchronized Optional<Grant> liveRefreshToken(String text) {
    return Optional.ofNullable(refreshTokens.get(text))
        .filter(this::isLive)
        .map(token -> token.grant);
  }

  /// Withdraws one access token.
  public synchronized void withdrawAccessToken(String tokenId) {
    accessTokens.remove(tokenId);
  }

  /// Withdraws a refresh token with its family.
  public synchronized void withdrawRefreshToken(String text, String clientId) {
    RefreshToken token = refreshTokens.get(text);
    if (token != null && token.grant.clientId().equals(clientId)) {
      withdraw(token.grant.family());
    }
  }

  /// Ends all browser sessions of a person.
  public synchronized void endSessions(Person person) {
    sessions.values().removeIf(session -> session.person().id().equals(person.id()));
    validFrom.put(person.id(), clock.instant());
  }

  /// Withdraws every grant of a person: codes and refresh tokens at once, access tokens as far as
  /// somebody asks here.
  public synchronized void endGrants(Person person) {
    codes.values().stream()
        .map(code -> code.grant)
        .filter(grant -> grant.person().id().equals(person.id()))
        .forEach(grant -> withdraw(grant.family()));
    refreshTokens.values().stream()
        .map(token -> token.grant)
        .filter(grant -> grant.person().id().equals(person.id()))
        .forEach(grant -> withdraw(grant.family()));
    accessTokens.values().stream()
        .map(token -> token.grant)
        .filter(grant -> grant.person().id().equals(person.id()))
        .forEach(grant -> withdraw(grant.family()));
  }

  /// What a person has open now.
  public synchronized Overview overview(Person person) {
    return new Overview(
        (int)
            sessions.values().stream()
                .filter(session -> session.person().id().equals(person.id()))
                .filter(session -> !isOver(session.authenticatedAt(), Lifetimes.SESSION))
                .count(),
        (int)
            refreshTokens.values().stream()
                .filter(token -> token.grant.person().id().equals(person.id()))
                .filter(this::isLive)
                .count(),
        Optional.ofNullable(validFrom.get(person.id())));
  }

  private boolean isLive(RefreshToken token) {
    return !token.isUsed
        && !isOver(token.issuedAt, Lifetimes.REFRESH_TOKEN)
        && !withdrawnFamilies.containsKey(token.grant.family());
  }

  private Redemption revoked(Grant grant, Instant issuedAt) {
    Instant from = validFrom.get(grant.person().id());
    return from == null || from.isBefore(issuedAt)
        ? new Redemption.Unknown()
        : new Redemption.Revoked(issuedAt, from);
  }

  private void withdraw(String family) {
    withdrawnFamilies.putIfAbsent(family, clock.instant());
  }

  private boolean isOver(Instant since, Duration lifetime) {
    return !clock.instant().isBefore(since.plus(lifetime));
  }

  /// What a person has open.
  ///
  /// @param sessionsValidFrom when sessions were last revoked
  public record Overview(
      int browserSessions, int refreshTokens, Optional<Instant> sessionsValidFrom) {}

  private static final class Code {
    private final Grant grant;
    private final String redirectUri;
    private final String challenge;
    private final Instant issuedAt;
    private boolean isUsed;

    private Code(Grant grant, String redirectUri, String challenge, Instant issuedAt) {
      this.grant = grant;
      this.redirectUri = redirectUri;
      this.challenge = challenge;
      this.issuedAt = issuedAt;
    }
  }

  private static final class RefreshToken {
    private final Grant grant;
    private final Instant issuedAt;
    private boolean isUsed;

    private RefreshToken(Grant grant, Instant issuedAt) {
      this.grant = grant;
      this.issuedAt = issuedAt;
    }
  }

  private record AccessToken(Grant grant, Instant expiresAt) {}
}
