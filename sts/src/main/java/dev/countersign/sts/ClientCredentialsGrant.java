package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;
import static dev.countersign.protocol.OAuthError.INVALID_SCOPE;
import static dev.countersign.protocol.OAuthError.INVALID_TARGET;
import static dev.countersign.protocol.OAuthError.UNAUTHORIZED_CLIENT;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.clients.Client;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import java.util.TreeSet;

/// The client credentials grant, for one thing only: the management of event streams at the
/// transmitter. Its tokens are about no person, so no other resource takes them.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc6749#section-4.4 RFC 6749 §4.4
final class ClientCredentialsGrant {
  private static final Duration LONGEST = Duration.ofMinutes(10);

  private final String transmitter;
  private final Tokens tokens;
  private final Entrance entrance;
  private final Outcomes outcomes;
  private final InstantSource clock;

  /// @param transmitter the one audience
  ClientCredentialsGrant(
      URI transmitter, Tokens tokens, Entrance entrance, Outcomes outcomes, InstantSource clock) {
    this.transmitter = transmitter.toString();
    this.tokens = tokens;
    this.entrance = entrance;
    this.outcomes = outcomes;
    this.clock = clock;
  }

  ExchangeResult answer(Asked asked) {
    Call call = asked.call();
    Client client = asked.client();
    if (!client.managesStreams()) {
      return outcomes.refused(
          call, UNAUTHORIZED_CLIENT, "grant_type: this client has no scope that it is for");
    }
    if (asked.binding() != null) {
      return outcomes.refused(
          call, INVALID_REQUEST, "tokens for streams are not bound; leave the proof out");
    }
    for (String name : new String[] {"resource", "audience"}) {
      if (!asked.form().getOrDefault(name, transmitter).equals(transmitter)) {
        return outcomes.refused(
            call, INVALID_TARGET, name + ": this grant is for the transmitter only");
      }
    }
    if (!client.audiences().contains(transmitter)) {
      return outcomes.refused(
          call, INVALID_TARGET, "the client is not registered for the transmitter");
    }
    String wanted = asked.form().getOrDefault("scope", String.join(" ", client.scopes()));
    Set<String> scopes = Scopes.parse(wanted);
    if (!client.scopes().containsAll(scopes)) {
      return outcomes.refused(call, INVALID_SCOPE, "scope: the client may not have all of these");
    }
    Entrance.Entry entry = entrance.enter(call.proofs().settle(), "", client.id());
    if (entry.replayed() != null) {
      return outcomes.replayed(call, entry.replayed());
    }
    return entry.closedAt() != null
        ? outcomes.refused(call, UNAUTHORIZED_CLIENT, "the client was shut out by an operator")
        : issued(call, client, String.join(" ", new TreeSet<>(scopes)));
  }

  private ExchangeResult issued(Call call, Client client, String scope) {
    Instant now = clock.instant();
    Duration life = client.maxLifetime().compareTo(LONGEST) < 0 ? client.maxLifetime() : LONGEST;
    Instant expiresAt = Instant.ofEpochSecond(now.getEpochSecond()).plus(life);
    Secret token = tokens.ofClient(call.jti(), client.id(), transmitter, scope, now, expiresAt);
    outcomes.append(
        LedgerEvent.EXCHANGE_PERMITTED,
        call,
        StrictJson.object()
            .put("client_id", client.id())
            .put("grant", "client_credentials")
            .put("audience", transmitter)
            .put("scope", scope)
            .put("exp", expiresAt.getEpochSecond()));
    return new ExchangeResult.OfClient(call.jti(), token, tokens.lifeOf(expiresAt), scope);
  }
}
