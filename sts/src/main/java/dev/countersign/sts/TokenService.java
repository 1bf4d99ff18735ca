package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_CLIENT;
import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;
import static dev.countersign.protocol.OAuthError.UNSUPPORTED_GRANT_TYPE;

import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.Clients;
import dev.countersign.sts.clients.Presented;
import dev.countersign.sts.stepup.StepUpParts;
import java.time.InstantSource;
import java.util.Optional;
import java.util.regex.Pattern;

/// The token endpoint: who asks, and which grant answers. Each outcome is in the ledger before this
/// returns.
///
/// Threads may share it.
public final class TokenService {
  private static final Pattern IDEMPOTENCY_KEY = Pattern.compile("[\\x21-\\x7E]{1,255}");

  private final Clients clients;
  private final Possession possession;
  private final Entrance entrance;
  private final Repeats repeats;
  private final Outcomes outcomes;
  private final ExchangeGrant exchange;
  private final ApprovalGrant approval;
  private final ClientCredentialsGrant clientCredentials;

  public TokenService(
      StsConfig config,
      Clients clients,
      Possession possession,
      SubjectTokens subjectTokens,
      CurrentPolicy policy,
      Decisions decisions,
      Entrance entrance,
      Gate gate,
      RevokedTokens revoked,
      RepeatStore repeats,
      StepUpParts stepUp,
      Tokens tokens,
      Optional<DecisionSettings.Blocked> blocked,
      Ledger ledger,
      InstantSource clock) {
    this.clients = clients;
    this.possession = possession;
    this.entrance = entrance;
    this.repeats = new Repeats(repeats, config.keys().master(), clock);
    outcomes = new Outcomes(ledger, gate, entrance, blocked);
    var issuance = new Issuance(config.tokenLifetime(), tokens);
    exchange =
        new ExchangeGrant(
            config.tokenLimits(),
            new SubjectSource(subjectTokens, tokens, revoked),
            new Delegation(subjectTokens, config.issuer().toString()),
            policy,
            entrance,
            decisions,
            issuance,
            new Challenges(stepUp.stepUps(), policy, tokens, outcomes),
            outcomes,
            clock);
    approval =
        new ApprovalGrant(
            policy,
            tokens,
            stepUp.stepUps(),
            stepUp.watch(),
            entrance,
            decisions,
            issuance,
            outcomes,
            clock);
    clientCredentials =
        new ClientCredentialsGrant(config.transmitter(), tokens, entrance, outcomes, clock);
  }

  /// Answers one token request.
  public ExchangeResult answer(Presented presented) {
    Call call = Call.anonymous();
    try {
      return switch (clients.authenticate(presented, call.proofs())) {
        case Clients.ClientCheck.Known(Client client) -> known(call.by(client), client, presented);
        case Clients.ClientCheck.Unknown(String reason) ->
            outcomes.refused(call, INVALID_CLIENT, reason);
      };
    } catch (WireException malformed) {
      return outcomes.refused(call, malformed.error(), malformed.description());
    }
  }

  /// Answers a request that could not be read.
  public ExchangeResult malformed(WireException malformed) {
    return outcomes.refused(Call.anonymous(), malformed.error(), malformed.description());
  }

  private ExchangeResult known(Call call, Client client, Presented presented) {
    try {
      var asked =
          new Asked(call, client, presented, possession.of(presented, client, call.proofs()));
      return presented.idempotencyKey().isPresent()
          ? once(asked, presented.idempotencyKey().get())
          : granted(asked);
    } catch (WireException malformed) {
      return outcomes.refused(call, malformed.error(), malformed.description());
    }
  }

  /// Answers a request that may come again.
  private ExchangeResult once(Asked asked, String key) {
    if (!IDEMPOTENCY_KEY.matcher(key).matches()) {
      return outcomes.refused(
          asked.call(), INVALID_REQUEST, "Idempotency-Key must have 1 to 255 visible characters");
    }
    return switch (repeats.begin(asked, key)) {
      case Repeats.Begun.Another() ->
          outcomes.refused(
              asked.call(), INVALID_REQUEST, "Idempotency-Key was used for another request");
      case Repeats.Begun.Repeat repeat -> again(asked, repeat);
      case Repeats.Begun.First(Repeats.Claim claim) -> {
        try {
          yield granted(asked.as(asked.call().holding(claim)));
        } finally {
          claim.release();
        }
      }
    };
  }

  private ExchangeResult again(Asked asked, Repeats.Begun.Repeat repeat) {
    Call call = asked.call().joined(repeat.result().jti()).of(repeat.subject());
    Entrance.Entry entry =
        entrance.enter(call.proofs().settle(), repeat.subject(), asked.client().id());
    if (entry.replayed() != null) {
      return outcomes.replayed(call, entry.replayed());
    }
    if (entry.closedAt() != null && !repeat.at().isAfter(entry.closedAt())) {
      return outcomes.refused(call, INVALID_REQUEST, ExchangeGrant.SESSION_REVOKED);
    }
    if (repeat.result() instanceof ExchangeResult.Issued issued
        && !issued.expiresIn().isPositive()) {
      return outcomes.refused(
          call, INVALID_REQUEST, "Idempotency-Key: its token has expired; use a new key");
    }
    return outcomes.repeated(call, repeat.result());
  }

  private ExchangeResult granted(Asked asked) {
    Call call = asked.call();
    try {
      return switch (asked.form().getOrDefault("grant_type", "")) {
        case TokenTypes.TOKEN_EXCHANGE_GRANT -> exchange.answer(asked);
        case TokenTypes.JWT_BEARER_GRANT -> approval.redeem(asked);
        case TokenTypes.CIBA_GRANT -> approval.poll(asked);
        case TokenTypes.CLIENT_CREDENTIALS_GRANT -> clientCredentials.answer(asked);
        case "" -> outcomes.refused(call, INVALID_REQUEST, "grant_type is missing");
        default ->
            outcomes.refused(
                call, UNSUPPORTED_GRANT_TYPE, "grant_type is not one of those offered here");
      };
    } catch (WireException malformed) {
      return outcomes.refused(call, malformed.error(), malformed.description());
    }
  }
}
