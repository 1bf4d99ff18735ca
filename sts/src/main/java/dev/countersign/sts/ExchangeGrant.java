package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Stage;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.VerifiedJwt;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/// The token exchange grant: person, gate, decision, then a token, a question or a refusal.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-2 RFC 8693 §2
final class ExchangeGrant {
  static final String SESSION_REVOKED = "the session of the subject was revoked";

  private final SubjectTokens subjectTokens;
  private final CurrentPolicy policy;
  private final Decisions decisions;
  private final Issuance issuance;
  private final Challenges challenges;
  private final Outcomes outcomes;
  private final InstantSource clock;

  ExchangeGrant(
      SubjectTokens subjectTokens,
      CurrentPolicy policy,
      Decisions decisions,
      Issuance issuance,
      Challenges challenges,
      Outcomes outcomes,
      InstantSource clock) {
    this.subjectTokens = subjectTokens;
    this.policy = policy;
    this.decisions = decisions;
    this.issuance = issuance;
    this.challenges = challenges;
    this.outcomes = outcomes;
    this.clock = clock;
  }

  ExchangeResult answer(Call call, Client client, Map<String, String> form) {
    TokenRequest request = TokenRequest.parse(form, client, policy.types());
    String token = TokenRequest.required(form, "subject_token");
    String tokenType = TokenRequest.required(form, "subject_token_type");
    if (form.containsKey("actor_token") || form.containsKey("actor_token_type")) {
      return outcomes.refused(
          call, INVALID_REQUEST, "actor_token is not accepted: the client itself is the actor");
    }
    String requested = form.getOrDefault("requested_token_type", TokenTypes.ACCESS_TOKEN_URN);
    if (!requested.equals(TokenTypes.ACCESS_TOKEN_URN)) {
      return outcomes.refused(
          call, INVALID_REQUEST, "requested_token_type can only be the one for access tokens");
    }
    Optional<Anchor> anchor = subjectTokens.anchorOf(tokenType);
    if (anchor.isEmpty() || !client.anchors().contains(anchor.get().name())) {
      return outcomes.refused(
          call,
          INVALID_REQUEST,
          "subject_token_type names no trust anchor that this client may use");
    }
    // INVARIANT: `now` is read before the gate. A kill that comes later is later than the token's
    // `iat`, so userinfo and the broker refuse the token.
    Instant now = clock.instant();
    return switch (subjectTokens.verify(tokenType, token, now)) {
      case SubjectTokens.SubjectCheck.Verified(Subject subject, VerifiedJwt jwt) ->
          decided(call.of(subject), request, subject, jwt, now);
      case SubjectTokens.SubjectCheck.Rejected(String reason) ->
          outcomes.refusedSubject(call, reason, anchor.get(), token, now);
      case SubjectTokens.SubjectCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  private ExchangeResult decided(
      Call call, TokenRequest request, Subject subject, VerifiedJwt jwt, Instant now) {
    Decisions.Known known = decisions.known(request, subject, now);
    if (known.isLockedOut(subject)) {
      return outcomes.refused(call, INVALID_REQUEST, SESSION_REVOKED);
    }
    if (!mayAct(jwt, request.client())) {
      return outcomes.refused(
          call, INVALID_REQUEST, "subject_token: `may_act` does not name this client");
    }
    Instant expiresAt = issuance.expiry(request, subject, now);
    if (!issuance.isAlive(expiresAt)) {
      return outcomes.refused(call, INVALID_REQUEST, "subject_token: `exp` has passed");
    }
    var intended = new Decisions.Intended(call.jti(), request.audience(), expiresAt);
    Decided decided = decisions.decide(known, Stage.FIRST, intended);
    return switch (decided.decision()) {
      case Decision.Permit _ -> issue(call, request, subject, decided, now, expiresAt);
      case Decision.StepUp stepUp ->
          challenges.ask(call, request, subject, known.facts(), decided, stepUp.options(), now);
      case Decision.Deny _ -> outcomes.denied(call, request, decided);
      case Decision.Kill _ -> outcomes.killed(call, request, decided, now);
    };
  }

  private ExchangeResult issue(
      Call call,
      TokenRequest request,
      Subject subject,
      Decided decided,
      Instant now,
      Instant expiresAt) {
    Issuance.Minted minted = issuance.mint(call, request, subject, decided, now, expiresAt);
    outcomes.append(LedgerEvent.EXCHANGE_PERMITTED, call, minted.story());
    return minted.result();
  }

  /// `may_act` binds where it is present: a text or an object that names this client as `sub`.
  private static boolean mayAct(VerifiedJwt jwt, Client client) {
    var mayAct = jwt.claims().path("may_act");
    if (mayAct.isMissingNode()) {
      return true;
    }
    var named = mayAct.isObject() ? mayAct.path("sub") : mayAct;
    return named.isString() && named.stringValue().equals(client.id());
  }
}
