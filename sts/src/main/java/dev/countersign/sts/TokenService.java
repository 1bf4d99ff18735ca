package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.ACCESS_DENIED;
import static dev.countersign.protocol.OAuthError.INVALID_CLIENT;
import static dev.countersign.protocol.OAuthError.INVALID_GRANT;
import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;
import static dev.countersign.protocol.OAuthError.UNSUPPORTED_GRANT_TYPE;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Attribute;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Match;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.StepUps;
import dev.countersign.sts.stepup.Words;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The token endpoint's two grants: exchange, and the second leg after an approval. Client,
/// parameters, person, gate, decision, then a token, a question or a refusal; each outcome is in
/// the ledger before this returns.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-2 RFC 8693 §2
/// @spec https://www.rfc-editor.org/rfc/rfc7523#section-2.1 RFC 7523 §2.1
public final class TokenService {
  private static final String SESSION_REVOKED = "the session of the subject was revoked";
  private static final int MAX_REASON = 200;

  private final StsConfig config;
  private final Clients clients;
  private final SubjectTokens subjectTokens;
  private final TypeRegistry types;
  private final Policy policy;
  private final AttributeStore attributes;
  private final Gate gate;
  private final StepUps stepUps;
  private final Tokens tokens;
  private final Ledger ledger;
  private final Consumer<RuntimeException> policyFailures;
  private final InstantSource clock;
  private final Set<String> attributeNames;

  /// @param policyFailures told when the policy engine itself breaks, which denies
  public TokenService(
      StsConfig config,
      Clients clients,
      SubjectTokens subjectTokens,
      TypeRegistry types,
      Policy policy,
      AttributeStore attributes,
      Gate gate,
      StepUps stepUps,
      Tokens tokens,
      Ledger ledger,
      Consumer<RuntimeException> policyFailures,
      InstantSource clock) {
    this.config = config;
    this.clients = clients;
    this.subjectTokens = subjectTokens;
    this.types = types;
    this.policy = policy;
    this.attributes = attributes;
    this.gate = gate;
    this.stepUps = stepUps;
    this.tokens = tokens;
    this.ledger = ledger;
    this.policyFailures = policyFailures;
    this.clock = clock;
    var names = new HashSet<>(policy.attributes());
    names.add(AttributeStore.MAIL);
    this.attributeNames = Set.copyOf(names);
  }

  /// Answers one token request.
  ///
  /// @param form the parameters, each once, none empty
  public ExchangeResult answer(Map<String, String> form) {
    String jti = Ids.random();
    return switch (clients.authenticate(form)) {
      case Clients.ClientCheck.Known(Client client) -> granted(jti, client, form);
      case Clients.ClientCheck.Unknown(String reason) ->
          refused(new Call(jti, "", ""), INVALID_CLIENT, reason);
    };
  }

  /// Answers a request that could not be read.
  public ExchangeResult malformed(WireException malformed) {
    return refused(new Call(Ids.random(), "", ""), malformed.error(), malformed.description());
  }

  private ExchangeResult granted(String jti, Client client, Map<String, String> form) {
    var call = new Call(jti, client.id(), "");
    try {
      return switch (form.getOrDefault("grant_type", "")) {
        case TokenTypes.TOKEN_EXCHANGE_GRANT ->
            exchange(call, TokenRequest.parse(form, client, types), form);
        case TokenTypes.JWT_BEARER_GRANT ->
            redeem(call, TokenRequest.parse(form, client, types), form);
        case "" -> refused(call, INVALID_REQUEST, "grant_type is missing");
        default ->
            refused(call, UNSUPPORTED_GRANT_TYPE, "grant_type is not one of those offered here");
      };
    } catch (WireException malformed) {
      return refused(call, malformed.error(), malformed.description());
    }
  }

  private ExchangeResult exchange(Call call, TokenRequest request, Map<String, String> form) {
    String token = required(form, "subject_token");
    String tokenType = required(form, "subject_token_type");
    if (form.containsKey("actor_token") || form.containsKey("actor_token_type")) {
      return refused(
          call, INVALID_REQUEST, "actor_token is not accepted: the client itself is the actor");
    }
    String requested = form.getOrDefault("requested_token_type", TokenTypes.ACCESS_TOKEN_URN);
    if (!requested.equals(TokenTypes.ACCESS_TOKEN_URN)) {
      return refused(
          call, INVALID_REQUEST, "requested_token_type can only be the one for access tokens");
    }
    Optional<Anchor> anchor = subjectTokens.anchorOf(tokenType);
    if (anchor.isEmpty() || !request.client().anchors().contains(anchor.get().name())) {
      return refused(
          call,
          INVALID_REQUEST,
          "subject_token_type names no trust anchor that this client may use");
    }
    // INVARIANT: `now` is read before the gate. A kill that comes later is later than the token's
    // `iat`, so userinfo and the broker refuse the token.
    Instant now = clock.instant();
    return switch (subjectTokens.verify(tokenType, token, now)) {
      case SubjectTokens.SubjectCheck.Verified(Subject subject, VerifiedJwt jwt) ->
          decided(call.of(subject.key()), request, subject, jwt, now);
      case SubjectTokens.SubjectCheck.Rejected(String reason) ->
          refused(call, INVALID_REQUEST, "subject_token: " + reason);
      case SubjectTokens.SubjectCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  private ExchangeResult decided(
      Call call, TokenRequest request, Subject subject, VerifiedJwt jwt, Instant now) {
    if (isLockedOut(subject)) {
      return refused(call, INVALID_REQUEST, SESSION_REVOKED);
    }
    if (!mayAct(jwt, request.client())) {
      return refused(call, INVALID_REQUEST, "subject_token: `may_act` does not name this client");
    }
    var facts = factsOf(subject);
    Decision decision = decide(request, subject, facts, now);
    return switch (decision) {
      case Decision.Permit _ -> issue(call, request, subject, decision, now);
      case Decision.StepUp _ -> stepUp(call, request, subject, facts, decision, now);
      case Decision.Deny _ -> denied(call, request, decision);
      case Decision.Kill _ -> killed(call, request, decision, now);
    };
  }

  private ExchangeResult issue(
      Call call, TokenRequest request, Subject subject, Decision decision, Instant now) {
    Instant expiresAt = expiry(request, subject, now);
    Duration life = tokens.lifeOf(expiresAt);
    if (!life.isPositive()) {
      return refused(call, INVALID_REQUEST, "subject_token: `exp` has passed");
    }
    Secret token = sign(call, request, subject, decision, now, expiresAt);
    append(
        LedgerEvent.EXCHANGE_PERMITTED,
        call,
        story(request, decision).put("exp", expiresAt.getEpochSecond()));
    return new ExchangeResult.Issued(call.jti, token, life, request.scope(), request.details());
  }

  private ExchangeResult stepUp(
      Call call,
      TokenRequest request,
      Subject subject,
      Map<String, Attribute> facts,
      Decision decision,
      Instant now) {
    Optional<String> address = subject.deliveryAddress(facts);
    if (address.isEmpty()) {
      return refused(
          call, ACCESS_DENIED, "step-up is needed, but no address of the subject is known");
    }
    Approval draft = draft(call, request, subject, decision, address.get(), now);
    Optional<Approval> open = stepUps.open(draft, address.get());
    if (open.isEmpty()) {
      return refused(
          call, ACCESS_DENIED, "step-up is needed, but the subject was asked too often; try later");
    }
    Approval approval = open.get();
    var joined = new Call(approval.jti(), call.client, subject.key());
    append(
        LedgerEvent.EXCHANGE_STEP_UP,
        joined,
        story(request, decision)
            .put("approval_id", approval.id())
            .put("code_sent", approval.isSent()));
    return new ExchangeResult.StepUpRequired(
        approval.jti(),
        tokens.challenge(approval, now),
        tokens.lifeOf(approval.expiresAt()),
        approval,
        approval.isSent());
  }

  private Approval draft(
      Call call,
      TokenRequest request,
      Subject subject,
      Decision decision,
      String address,
      Instant now) {
    List<Approval.Line> lines =
        request.details().elements().stream()
            .map(element ->
                new Approval.Line(
                    types.amountLine(element).map(Words::plain).orElse(null),
                    Words.plain(types.sentence(element))))
            .toList();
    return new Approval(
        Ids.random(),
        call.jti,
        subject,
        request.client().id(),
        Words.plain(request.client().displayName()),
        request.audience(),
        request.scope(),
        request.details(),
        decision.policyVersion(),
        lines,
        MailAddress.masked(address),
        now,
        stepUps.expiry(now),
        0,
        false,
        null,
        null,
        null);
  }

  private ExchangeResult redeem(Call call, TokenRequest request, Map<String, String> form) {
    String assertion = required(form, "assertion");
    return switch (tokens.checkApproval(assertion)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> {
        Optional<Approval> approval = stepUps.find(jwt.text("approval_id").orElse(""));
        yield approval.isEmpty()
            ? refused(call, INVALID_GRANT, "assertion: there is no such approval")
            : redeem(
                new Call(approval.get().jti(), call.client, approval.get().person().key()),
                request,
                approval.get());
      }
      case JwtCheck.Rejected(String reason) -> refused(call, INVALID_GRANT, "assertion: " + reason);
      case JwtCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  private ExchangeResult redeem(Call call, TokenRequest request, Approval approval) {
    Instant now = clock.instant();
    Subject subject = approval.person();
    Optional<String> mismatch = mismatch(request, approval, now);
    if (mismatch.isPresent()) {
      return refused(call, INVALID_GRANT, mismatch.get());
    }
    if (isLockedOut(subject)) {
      return refused(call, INVALID_GRANT, SESSION_REVOKED);
    }
    Decision decision = decide(request, subject, factsOf(subject), now);
    return switch (decision) {
      case Decision.Permit _, Decision.StepUp _ ->
          approval.policyVersion().equals(decision.policyVersion())
              ? use(call, request, approval, decision, now)
              : refused(call, INVALID_GRANT, "the policy has changed since the approval");
      case Decision.Deny _ -> denied(call, request, decision);
      case Decision.Kill _ -> killed(call, request, decision, now);
    };
  }

  private static Optional<String> mismatch(TokenRequest request, Approval approval, Instant now) {
    if (!approval.client().equals(request.client().id())) {
      return Optional.of("assertion: the approval is another client's");
    }
    switch (approval.state(now)) {
      case APPROVED -> {}
      case USED -> {
        return Optional.of("assertion: the approval was used before");
      }
      case EXPIRED -> {
        return Optional.of("assertion: the approval has expired");
      }
      case PENDING, DENIED, SUSPICIOUS, FAILED, CANCELLED -> {
        return Optional.of("assertion: the approval was not given");
      }
    }
    if (!approval.details().digest().equals(request.details().digest())) {
      return Optional.of("authorization_details are not those that were approved");
    }
    if (!approval.audience().equals(request.audience())) {
      return Optional.of("resource is not the one that was approved");
    }
    if (!Set.of(approval.scope().split(" ", -1)).containsAll(request.scopes())) {
      return Optional.of("scope is wider than what was approved");
    }
    return Optional.empty();
  }

  private ExchangeResult use(
      Call call, TokenRequest request, Approval approval, Decision decision, Instant now) {
    Subject subject = approval.person();
    Instant expiresAt = expiry(request, subject, now);
    Duration life = tokens.lifeOf(expiresAt);
    if (!life.isPositive()) {
      return refused(call, INVALID_GRANT, "the subject token has expired since the approval");
    }
    Secret token = sign(call, request, subject, decision, now, expiresAt);
    ObjectNode data =
        story(request, decision)
            .put("exp", expiresAt.getEpochSecond())
            .put("approval_id", approval.id());
    boolean isOurs =
        stepUps.consume(
            approval.id(), now, () -> append(LedgerEvent.EXCHANGE_PERMITTED, call, data));
    return isOurs
        ? new ExchangeResult.Issued(call.jti, token, life, request.scope(), request.details())
        : refused(call, INVALID_GRANT, "assertion: the approval was used before");
  }

  private Secret sign(
      Call call,
      TokenRequest request,
      Subject subject,
      Decision decision,
      Instant now,
      Instant expiresAt) {
    return tokens.onBehalfOf(
        call.jti,
        subject,
        request.client(),
        request.audience(),
        request.scope(),
        request.details(),
        decision.policyVersion(),
        now,
        expiresAt);
  }

  private Instant expiry(TokenRequest request, Subject subject, Instant now) {
    Duration longest =
        config.tokenLifetime().compareTo(request.client().maxLifetime()) < 0
            ? config.tokenLifetime()
            : request.client().maxLifetime();
    Instant ours = Instant.ofEpochSecond(now.getEpochSecond()).plus(longest);
    return subject.expiresAt().isBefore(ours) ? subject.expiresAt() : ours;
  }

  private boolean isLockedOut(Subject subject) {
    return gate.closedAt(subject.key())
        .filter(closedAt -> !subject.signedInAfter(closedAt))
        .isPresent();
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

  private Map<String, Attribute> factsOf(Subject subject) {
    return subject.attributesWith(attributes.of(subject.key(), attributeNames));
  }

  private Decision decide(
      TokenRequest request, Subject subject, Map<String, Attribute> facts, Instant now) {
    var asked =
        new AccessRequest(
            subject.key(),
            subject.anchor(),
            facts,
            request.client().id(),
            request.client().id(),
            request.scopes(),
            request.details(),
            now);
    try {
      return policy.decide(asked);
    } catch (RuntimeException broken) {
      policyFailures.accept(broken);
      return new Decision.Deny(policy.version(), "the policy could not be evaluated", List.of());
    }
  }

  private ExchangeResult denied(Call call, TokenRequest request, Decision decision) {
    append(LedgerEvent.EXCHANGE_DENIED, call, story(request, decision));
    return new ExchangeResult.Denied(call.jti, "denied by policy", reasons(decision));
  }

  private ExchangeResult killed(Call call, TokenRequest request, Decision decision, Instant now) {
    gate.close(
        new Kill(
            call.subject,
            call.jti,
            decision.reason(),
            Kill.Initiator.POLICY,
            now,
            Kill.Announce.TRANSMITTER));
    append(LedgerEvent.EXCHANGE_KILLED, call, story(request, decision));
    return new ExchangeResult.Denied(
        call.jti,
        "denied by policy, and every session of the subject was ended",
        reasons(decision));
  }

  private static List<String> reasons(Decision decision) {
    var reasons =
        decision.matches().stream()
            .filter(match -> match.outcome() == decision.outcome())
            .map(Match::reason)
            .distinct()
            .toList();
    return reasons.isEmpty() ? List.of(decision.reason()) : reasons;
  }

  private ExchangeResult refused(Call call, OAuthError error, String description) {
    String reason =
        description.length() > MAX_REASON ? description.substring(0, MAX_REASON) : description;
    ObjectNode data = StrictJson.object().put("error", error.code()).put("reason", reason);
    if (!call.client.isEmpty()) {
      data.put("client_id", call.client);
    }
    append(LedgerEvent.EXCHANGE_REFUSED, call, data);
    return new ExchangeResult.Refused(call.jti, error, reason);
  }

  private static ObjectNode story(TokenRequest request, Decision decision) {
    ObjectNode data =
        StrictJson.object()
            .put("client_id", request.client().id())
            .put("audience", request.audience())
            .put("scope", request.scope())
            .put("outcome", decision.outcome().code())
            .put("reason", decision.reason())
            .put("policy_version", decision.policyVersion())
            .put("digest", request.details().digest());
    data.set("authorization_details", request.details().json());
    ArrayNode matches = data.putArray("matches");
    decision.matches().forEach(match -> matches.add(match.json()));
    return data;
  }

  private void append(LedgerEvent event, Call call, ObjectNode data) {
    ledger.append(new LedgerEntry(event, call.jti, call.subject, data));
  }

  private static String required(Map<String, String> form, String name) {
    String value = form.get(name);
    if (value == null) {
      throw new WireException(INVALID_REQUEST, name + " is missing");
    }
    return value;
  }

  /// Who asks, for the ledger.
  private record Call(String jti, String client, String subject) {
    Call of(String known) {
      return new Call(jti, client, known);
    }
  }
}
