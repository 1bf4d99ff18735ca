package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_CLIENT;
import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;
import static dev.countersign.protocol.OAuthError.UNSUPPORTED_GRANT_TYPE;

import dev.countersign.ledger.Ledger;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.stepup.StepUps;
import java.time.InstantSource;
import java.util.Map;

/// The token endpoint: who asks, and which grant answers. Each outcome is in the ledger before this
/// returns.
///
/// Threads may share it.
public final class TokenService {
  private final Clients clients;
  private final Outcomes outcomes;
  private final ExchangeGrant exchange;
  private final ApprovalGrant approval;

  public TokenService(
      StsConfig config,
      Clients clients,
      SubjectTokens subjectTokens,
      CurrentPolicy policy,
      Decisions decisions,
      Gate gate,
      StepUps stepUps,
      Tokens tokens,
      Ledger ledger,
      InstantSource clock) {
    this.clients = clients;
    outcomes = new Outcomes(ledger, gate);
    var issuance = new Issuance(config.tokenLifetime(), tokens);
    exchange =
        new ExchangeGrant(
            subjectTokens,
            policy,
            decisions,
            issuance,
            new Challenges(stepUps, policy, tokens, outcomes),
            outcomes,
            clock);
    approval = new ApprovalGrant(policy, tokens, stepUps, decisions, issuance, outcomes, clock);
  }

  /// Answers one token request.
  ///
  /// @param form the parameters, each once, none empty
  public ExchangeResult answer(Map<String, String> form) {
    Call call = Call.anonymous();
    return switch (clients.authenticate(form)) {
      case Clients.ClientCheck.Known(Client client) -> granted(call.by(client), client, form);
      case Clients.ClientCheck.Unknown(String reason) ->
          outcomes.refused(call, INVALID_CLIENT, reason);
    };
  }

  /// Answers a request that could not be read.
  public ExchangeResult malformed(WireException malformed) {
    return outcomes.refused(Call.anonymous(), malformed.error(), malformed.description());
  }

  private ExchangeResult granted(Call call, Client client, Map<String, String> form) {
    try {
      return switch (form.getOrDefault("grant_type", "")) {
        case TokenTypes.TOKEN_EXCHANGE_GRANT -> exchange.answer(call, client, form);
        case TokenTypes.JWT_BEARER_GRANT -> approval.answer(call, client, form);
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
