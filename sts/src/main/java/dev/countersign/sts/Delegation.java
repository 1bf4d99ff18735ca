package dev.countersign.sts;

import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;

import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.clients.Client;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Who acts, and whether the person's token lets it: actor tokens, `may_act`, and the depth of the
/// chain.
///
/// Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-4.4 RFC 8693 §4.4
final class Delegation {
  /// The most actors in one chain.
  static final int MAX_DEPTH = 4;

  private static final Set<String> UNDERSTOOD =
      Set.of("sub", "iss", "client_id", "exp", "nbf", "aud");

  private final SubjectTokens tokens;
  private final String issuer;

  /// @param issuer our own: that of clients as actors
  Delegation(SubjectTokens tokens, String issuer) {
    this.tokens = tokens;
    this.issuer = issuer;
  }

  /// Who acts in a request: the party of its actor token, else the client.
  ///
  /// @throws WireException if the actor token is not acceptable
  Actor actorOf(Asked asked, Instant now) {
    Client client = asked.client();
    Map<String, String> form = asked.form();
    String token = form.get("actor_token");
    String type = form.get("actor_token_type");
    if ((token == null) != (type == null)) {
      throw new WireException(
          INVALID_REQUEST, "actor_token and actor_token_type belong together; one is missing");
    }
    if (token == null || type == null) {
      if (client.options().actorRequired()) {
        throw new WireException(INVALID_REQUEST, "actor_token is required for this client");
      }
      return Actor.of(client);
    }
    Optional<Anchor> anchor = tokens.anchorOf(type);
    if (anchor.isEmpty() || !client.options().actorAnchors().contains(anchor.get().name())) {
      throw new WireException(
          INVALID_REQUEST, "actor_token_type names no trust anchor that this client may use");
    }
    return switch (tokens.verify(type, token, now)) {
      case SubjectTokens.SubjectCheck.Verified(Subject actor, VerifiedJwt jwt) -> {
        if (!now.isBefore(actor.expiresAt())) {
          throw new WireException(INVALID_REQUEST, "actor_token: `exp` has passed");
        }
        if (!Possession.proves(jwt.claims().path("cnf"), asked)) {
          throw new WireException(
              INVALID_REQUEST, "actor_token: it is bound to a key that was not proven");
        }
        yield new Actor(
            actor.key(), jwt.text("sub").orElse(actor.stableId()), actor.issuer(), null);
      }
      case SubjectTokens.SubjectCheck.Rejected(String reason) ->
          throw new WireException(INVALID_REQUEST, "actor_token: " + reason);
      case SubjectTokens.SubjectCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  /// Whether `may_act`, where it is present, names this actor: as a text, an object or an array of
  /// those.
  boolean mayAct(JsonNode mayAct, Client client, Actor actor) {
    if (mayAct.isMissingNode()) {
      return true;
    }
    if (mayAct.isArray()) {
      for (JsonNode one : mayAct) {
        if (names(one, client, actor)) {
          return true;
        }
      }
      return false;
    }
    return names(mayAct, client, actor);
  }

  private boolean names(JsonNode named, Client client, Actor actor) {
    if (named.isString()) {
      return named.stringValue().equals(actor.subject());
    }
    // A member that we cannot compare may be what tells the actor from another.
    if (!named.isObject() || !UNDERSTOOD.containsAll(named.propertyNames())) {
      return false;
    }
    boolean hasName = named.has("sub") || named.has("client_id");
    return hasName
        && isOrIsMissing(named.path("sub"), actor.subject())
        && isOrIsMissing(named.path("client_id"), client.id())
        && isOrIsMissing(named.path("iss"), actor.issuer() == null ? issuer : actor.issuer());
  }

  private static boolean isOrIsMissing(JsonNode member, String value) {
    return member.isMissingNode() || (member.isString() && member.stringValue().equals(value));
  }

  /// The chain with a new current actor.
  ///
  /// @param earlier who acted before, or null
  /// @throws WireException if the chain gets too long or goes round
  Actor chained(Actor actor, @Nullable Actor earlier) {
    if (earlier == null) {
      return actor;
    }
    if (earlier.involves(actor)) {
      throw new WireException(INVALID_REQUEST, "subject_token: its `act` already names this actor");
    }
    if (earlier.depth() >= MAX_DEPTH) {
      throw new WireException(
          INVALID_REQUEST, "subject_token: its `act` holds as many actors as are allowed");
    }
    return actor.after(earlier);
  }
}
