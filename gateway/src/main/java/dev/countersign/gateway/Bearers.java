package dev.countersign.gateway;

import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.VerifiedJwt;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/// Checks bearer tokens against the trust anchor that their issuer names: exact issuer, audience,
/// type, algorithm, signature, times. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc6750 RFC 6750
public final class Bearers {
  private static final int MAX_SUBJECT = 256;

  private final Map<String, Verifier> byIssuer = new LinkedHashMap<>();
  private final Optional<OboBearers> obos;

  private record Verifier(Anchor anchor, JwtVerifier tokens) {}

  /// @param keys the key source of each anchor
  /// @param obos who checks on-behalf-of tokens, where agents may bring them
  /// @throws IllegalArgumentException if two anchors have one issuer or one name
  public Bearers(
      Collection<Anchor> anchors,
      Function<Anchor, KeySource> keys,
      Optional<OboBearers> obos,
      InstantSource clock) {
    this.obos = obos;
    var names = new HashSet<String>();
    for (Anchor anchor : anchors) {
      var tokens = new JwtVerifier(anchor.form(), keys.apply(anchor), clock);
      if (byIssuer.put(anchor.issuer(), new Verifier(anchor, tokens)) != null) {
        throw new IllegalArgumentException("two anchors have the issuer " + anchor.issuer());
      }
      if (!names.add(anchor.name())) {
        throw new IllegalArgumentException("two anchors have the name " + anchor.name());
      }
    }
  }

  /// Checks one token.
  ///
  /// @param proven thumbprint of the key whose proof came with the token; empty where none did
  public BearerCheck check(Secret token, Optional<String> proven) {
    String issuer = JwtVerifier.unverifiedIssuer(token.reveal()).orElse("");
    Verifier verifier = byIssuer.get(issuer);
    if (verifier == null && obos.isPresent() && obos.get().isIssuer(issuer)) {
      return obos.get().check(token, proven);
    }
    if (verifier == null) {
      return new BearerCheck.Rejected("no anchor for the token's issuer");
    }
    // What a person's own token is bound to cannot be proven on to the STS, which exchanges it.
    if (proven.isPresent()) {
      return new BearerCheck.Rejected("a proof comes with on-behalf-of tokens only");
    }
    return switch (verifier.tokens.verify(token.reveal())) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> accept(verifier.anchor, jwt, token);
      case JwtCheck.Rejected(String reason) ->
          new BearerCheck.Rejected(verifier.anchor.name() + ": " + reason);
      case JwtCheck.Unavailable(String reason) -> new BearerCheck.Unavailable(reason);
    };
  }

  private static BearerCheck accept(Anchor anchor, VerifiedJwt jwt, Secret token) {
    String id = jwt.text(anchor.subjectClaim()).orElse("");
    if (id.isEmpty() || id.length() > MAX_SUBJECT || id.contains("|")) {
      return new BearerCheck.Rejected(
          anchor.name() + ": `" + anchor.subjectClaim() + "` does not name a person");
    }
    if (jwt.claims().has("cnf")) {
      return new BearerCheck.Rejected(anchor.name() + ": `cnf` asks for a proof, not for a bearer");
    }
    String subject = anchor.name() + "|" + id;
    return scopes(jwt).containsAll(anchor.scopes())
        ? new BearerCheck.Accepted(new Caller.Person(anchor, subject, client(anchor, jwt), token))
        : new BearerCheck.TooNarrow(subject, anchor.scopes());
  }

  /// Entra writes `azp` (in older tokens `appid`), Okta `cid`; RFC 9068 says `client_id`.
  private static String client(Anchor anchor, VerifiedJwt jwt) {
    for (String claim : List.of("client_id", "azp", "appid", "cid")) {
      Optional<String> named = jwt.text(claim).filter(id -> id.length() <= MAX_SUBJECT);
      if (named.isPresent()) {
        return named.get();
      }
    }
    return anchor.name();
  }

  /// Entra writes `scp` as one text, Okta as a list; RFC 9068 says `scope`.
  private static Set<String> scopes(VerifiedJwt jwt) {
    var scopes = new HashSet<String>();
    for (String claim : List.of("scp", "scope")) {
      JsonNode value = jwt.claims().path(claim);
      if (value.isString()) {
        scopes.addAll(List.of(value.stringValue().split(" ", -1)));
      }
      value.values().stream().filter(JsonNode::isString).forEach(s -> scopes.add(s.stringValue()));
    }
    return scopes;
  }
}
