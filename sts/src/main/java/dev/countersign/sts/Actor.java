package dev.countersign.sts;

import dev.countersign.protocol.JsonText;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.clients.Client;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Who acts for a person: the `act` of a token. The outermost is the current actor, the innermost
/// the first one.
///
/// @param key its name for policy: a client's id, or `<anchor>|<stable id>`
/// @param subject the actor's `sub`: a client's id, or what its own token says
/// @param issuer who vouches for it, or null where it is a client of ours
/// @param prior who acted before, or null
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-4.1 RFC 8693 §4.1
public record Actor(String key, String subject, @Nullable String issuer, @Nullable Actor prior) {

  /// A client that acts itself.
  static Actor of(Client client) {
    return new Actor(client.id(), client.id(), null, null);
  }

  /// This actor, after others.
  Actor after(@Nullable Actor earlier) {
    return new Actor(key, subject, issuer, earlier);
  }

  /// How many actors there are.
  int depth() {
    return prior == null ? 1 : 1 + prior.depth();
  }

  /// Whether this actor, or one before it, is that one.
  boolean involves(Actor other) {
    boolean same = subject.equals(other.subject) && java.util.Objects.equals(issuer, other.issuer);
    return same || (prior != null && prior.involves(other));
  }

  /// The claim, with the key for our own use.
  public String stored() {
    return new JsonText().put("key", key).putJson("act", json()).end();
  }

  /// Reads what [#stored] wrote.
  public static Actor ofStored(String text) {
    ObjectNode json = StrictJson.parseObject(text);
    Actor act = parse(json.path("act")).orElseThrow();
    return new Actor(json.path("key").stringValue(), act.subject, act.issuer, act.prior);
  }

  /// The claim.
  public String json() {
    var json = new JsonText().put("sub", subject).putOptional("iss", issuer);
    if (prior != null) {
      json.putJson("act", prior.json());
    }
    return json.end();
  }

  /// Reads a claim that we wrote. Its key is the plain `sub`: it stands for actors of the past
  /// only.
  public static Optional<Actor> parse(JsonNode act) {
    if (!act.isObject() || !act.path("sub").isString()) {
      return Optional.empty();
    }
    JsonNode issuer = act.path("iss");
    JsonNode prior = act.path("act");
    return Optional.of(
        new Actor(
            act.path("sub").stringValue(),
            act.path("sub").stringValue(),
            issuer.isString() ? issuer.stringValue() : null,
            prior.isObject() ? parse(prior).orElse(null) : null));
  }
}
