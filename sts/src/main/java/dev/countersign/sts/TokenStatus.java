package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_CLIENT;
import static dev.countersign.protocol.OAuthError.INVALID_GRANT;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.Clients;
import dev.countersign.sts.clients.Presented;
import dev.countersign.sts.clients.Proofs;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// What became of a token of ours, told to those who may know, and its end before its time.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7662#section-2 RFC 7662 §2
/// @spec https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009 §2
public final class TokenStatus {
  private static final List<String> TOLD =
      List.of(
          "iss",
          "sub",
          "sub_id",
          "aud",
          "client_id",
          "iat",
          "exp",
          "jti",
          "scope",
          "act",
          "authorization_details",
          TypeVersions.CLAIM,
          "auth_time",
          "acr",
          "amr",
          "cnf");

  private final Clients clients;
  private final Entrance entrance;
  private final Tokens tokens;
  private final Sessions sessions;
  private final RevokedTokens revoked;
  private final Ledger ledger;
  private final InstantSource clock;

  public TokenStatus(
      Clients clients,
      Entrance entrance,
      Tokens tokens,
      Sessions sessions,
      RevokedTokens revoked,
      Ledger ledger,
      InstantSource clock) {
    this.clients = clients;
    this.entrance = entrance;
    this.tokens = tokens;
    this.sessions = sessions;
    this.revoked = revoked;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Authenticates a caller of these endpoints, and uses its proofs up.
  ///
  /// @throws WireException `invalid_client` for anybody else
  public Client caller(Presented presented) {
    var proofs = new Proofs();
    return switch (clients.authenticate(presented, proofs)) {
      case Clients.ClientCheck.Known(Client client) -> {
        if (!entrance.enter(proofs.settle(), "", "").isFresh()) {
          throw refused(Outcomes.USED_BEFORE);
        }
        yield client;
      }
      case Clients.ClientCheck.Unknown(String reason) -> throw refused(reason);
    };
  }

  private WireException refused(String reason) {
    ledger.append(
        new LedgerEntry(
            LedgerEvent.EXCHANGE_REFUSED,
            "",
            "",
            StrictJson.object().put("error", INVALID_CLIENT.code()).put("reason", reason)));
    return new WireException(INVALID_CLIENT, reason);
  }

  /// What a token is now, for this caller: `{"active":false}` and nothing more unless it is good
  /// and the caller may ask about it.
  public ObjectNode introspect(Client caller, String token) {
    Optional<VerifiedJwt> jwt = verified(token);
    if (jwt.isEmpty()
        || !mayAsk(caller, jwt.get())
        || revoked.isRevoked(jwt.get().id().orElseThrow())
        || !sessions.isOpen(
            jwt.get().text("sub").orElseThrow(),
            jwt.get().text("client_id").orElse(""),
            jwt.get().issuedAt().orElseThrow())) {
      return StrictJson.object().put("active", false);
    }
    ObjectNode answer = StrictJson.object().put("active", true);
    ObjectNode claims = jwt.get().claims();
    for (String name : TOLD) {
      if (claims.has(name)) {
        answer.set(name, claims.path(name));
      }
    }
    boolean isDpop = claims.path("cnf").has("jkt");
    return answer.put("token_type", isDpop ? "DPoP" : "Bearer");
  }

  private static boolean mayAsk(Client caller, VerifiedJwt jwt) {
    return caller.options().introspects().contains(jwt.audience().getFirst())
        || caller.id().equals(jwt.text("client_id").orElse(""));
  }

  /// Signs an introspection answer.
  public String signed(Client caller, ObjectNode answer) {
    return tokens.introspection(caller.id(), StrictJson.write(answer), clock.instant());
  }

  /// Revokes a token of this caller. A token that is none, or over, is as good as revoked.
  ///
  /// @throws WireException if the token is another client's
  public void revoke(Client caller, String token) {
    Optional<VerifiedJwt> jwt = verified(token);
    if (jwt.isEmpty()) {
      return;
    }
    if (!caller.id().equals(jwt.get().text("client_id").orElse(""))) {
      throw new WireException(INVALID_GRANT, "token: it was issued to another client");
    }
    String jti = jwt.get().id().orElseThrow();
    revoked.revoke(jti, clock.instant(), jwt.get().expiresAt());
    ledger.append(
        new LedgerEntry(
            LedgerEvent.TOKEN_REVOKED,
            jti,
            jwt.get().text("sub").orElse(""),
            StrictJson.object().put("client_id", caller.id())));
  }

  private Optional<VerifiedJwt> verified(String token) {
    return switch (tokens.checkOnBehalfOf(token)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> Optional.of(jwt);
      case JwtCheck.Rejected _ -> Optional.empty();
      case JwtCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }
}
