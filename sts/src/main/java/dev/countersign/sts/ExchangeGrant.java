package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Decision;
import dev.countersign.policy.TypeRegistry;
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
  private final TypeRegistry types;
  private final Decisions decisions;
  private final Issuance issuance;
  private final Challenges challenges;
  private final Outcomes outcomes;
  private final InstantSource clock;

  ExchangeGrant(
      SubjectTokens subjectTokens,
      TypeRegistry types,
      Decisions decisions,
      Issuance issuance,
      Challenges challenges,
      Outcomes outcomes,
      InstantSource clock) {
    this.subjectTokens = subjectTokens;
    this.types = types;
    this.decisions = decisions;
    this.issuance = issuance;
    this.challenges = challenges;
    this.outcomes = outcomes;
    this.clock = clock;
  }

  ExchangeResult answer(Call call, Client client, Map<String, String> form) {
    TokenRequest request = TokenRequest.parse(form, client, types);
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
          outcomes.refused(call, INVALID_REQUEST, "subject_token: " + reason);
      case SubjectTokens.SubjectCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  private ExchangeResult decided(
      Call call, TokenRequest request, Subject subject, VerifiedJwt jwt, Instant now) {
    if (decisions.isLockedOut(subject)) {
      return outcomes.refused(call, INVALID_REQUEST, SESSION_REVOKED);
    }
    if (!mayAct(jwt, request.client())) {
      return outcomes.refused(
          call, INVALID_REQUEST, "subject_token: `may_act` does not name this client");
    }
    var facts = decisions.factsOf(subject);
    Decision decision = decisions.decide(request, subject, facts, now);
    return switch (decision) {
      case Decision.Permit _ -> issue(call, request, subject, decision, now);
      case Decision.StepUp _ -> challenges.ask(call, request, subject, facts, decision, now);
      case Decision.Deny _ -> outcomes.denied(call, request, decision);
      case Decision.Kill _ -> outcomes.killed(call, request, decision, now);
    };
  }

  private ExchangeResult issue(
      Call call, TokenRequest request, Subject subject, Decision decision, Instant now) {
    Instant expiresAt = issuance.expiry(request, subject, now);
    if (!issuance.isAlive(expiresAt)) {
      return outcomes.refused(call, INVALID_REQUEST, "subject_token: `exp` has passed");
    }
    Issuance.Minted minted = issuance.mint(call, request, subject, decision, now, expiresAt);
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
