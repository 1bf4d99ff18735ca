package dev.countersign.sts;

import dev.countersign.policy.Match;
import dev.countersign.policy.Outcome;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.JsonText;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.sts.keys.MasterKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Answers that a retry gets again, by the client's `Idempotency-Key`. The same key with another
/// request is refused; the same request at the same moment is told to come back.
///
/// The answer is sealed under the master key and the `Idempotency-Key` together, and the database
/// holds neither: whoever reads it reads no token. Threads may share it.
final class Repeats {
  /// How long a key is remembered.
  private static final Duration MEMORY = Duration.ofHours(24);

  /// After this long without an answer the first try counts as lost.
  private static final Duration CLAIM = Duration.ofSeconds(30);

  // What differs between two tries of one request, as proofs are used once.
  private static final Set<String> PROOFS =
      Set.of("client_assertion", "client_secret", "client_assertion_type");

  private final RepeatStore store;
  private final MasterKey master;
  private final InstantSource clock;

  Repeats(RepeatStore store, MasterKey master, InstantSource clock) {
    this.store = store;
    this.master = master;
    this.clock = clock;
  }

  /// Looks whether this request was answered before, and claims it if not.
  ///
  /// @throws UnavailableException while another try of it is being answered
  Begun begin(Asked asked, String key) {
    String client = asked.client().id();
    Instant now = clock.instant();
    // As exact as the database keeps it.
    Instant until = now.plus(CLAIM).truncatedTo(ChronoUnit.MICROS);
    String digest = digest(asked);
    return switch (store.begin(client, Digest.sha256(key), digest, now, until, now.plus(MEMORY))) {
      case RepeatStore.Found.Mine() -> new Begun.First(new Claim(client, key, until));
      case RepeatStore.Found.Answered(String request, String sealed) ->
          request.equals(digest) ? again(client, key, sealed) : new Begun.Another();
      case RepeatStore.Found.Busy(String request) -> {
        if (request.equals(digest)) {
          throw new UnavailableException(
              "another try with this Idempotency-Key is being answered", null);
        }
        yield new Begun.Another();
      }
    };
  }

  private static String digest(Asked asked) {
    var request = new TreeMap<>(asked.form());
    request.keySet().removeAll(PROOFS);
    var json = StrictJson.array();
    request.forEach((name, value) -> json.add(name).add(value));
    if (asked.binding() != null) {
      json.add("cnf").add(asked.binding().cnf());
    }
    return Digest.sha256(StrictJson.write(json));
  }

  private Begun again(String client, String key, String sealed) {
    ObjectNode kept =
        StrictJson.parseObject(
            master
                .open(purpose(client, key), sealed)
                .orElseThrow(() ->
                    new UnavailableException(
                        "the kept answer was sealed with another encryption key", null))
                .reveal());
    return new Begun.Repeat(
        read(kept),
        kept.path("subject").stringValue(),
        Instant.ofEpochSecond(kept.path("at").longValue(), kept.path("at_nanos").longValue()));
  }

  private ExchangeResult read(ObjectNode kept) {
    String jti = kept.path("jti").stringValue();
    if (kept.has("reasons")) {
      var reasons = new ArrayList<String>();
      kept.path("reasons").forEach(reason -> reasons.add(reason.stringValue()));
      var decisive = new ArrayList<Match>();
      kept.path("rules").forEach(rule -> decisive.add(match(rule)));
      return new ExchangeResult.Denied(
          jti, kept.path("description").stringValue(), reasons, decisive);
    }
    Instant expiresAt = Instant.ofEpochSecond(kept.path("exp").longValue());
    return new ExchangeResult.Issued(
        jti,
        new Secret(kept.path("token").stringValue()),
        kept.path("token_type").stringValue(),
        expiresAt,
        Duration.ofSeconds(expiresAt.getEpochSecond() - clock.instant().getEpochSecond()),
        kept.path("scope").stringValue(),
        AuthorizationDetails.of(kept.path("authorization_details")));
  }

  /// A rule that decided; what it read is not kept, as no caller sees it.
  private static Match match(JsonNode rule) {
    return new Match(
        rule.path("rule").stringValue(),
        Outcome.valueOf(rule.path("outcome").stringValue()),
        rule.path("element").intValue(),
        rule.path("reason").stringValue(),
        Map.of());
  }

  private static String purpose(String client, String key) {
    return "answer " + StrictJson.write(StrictJson.array().add(client).add(key));
  }

  /// The hold on one key.
  final class Claim {
    private final String client;
    private final String key;
    private final Instant until;
    private boolean kept;

    private Claim(String client, String key, Instant until) {
      this.client = client;
      this.key = key;
      this.until = until;
    }

    /// Keeps a token for retries; durable when this returns.
    ///
    /// @throws UnavailableException if the hold was lost, so that the token must not leave
    void keep(ExchangeResult.Issued issued, String subject, Instant at) {
      keep(
          common(issued.jti(), subject, at)
              .put("token", issued.accessToken().reveal())
              .put("token_type", issued.tokenType())
              .put("exp", issued.expiresAt().getEpochSecond())
              .put("scope", issued.scope())
              .putJson("authorization_details", issued.details().canonical()));
    }

    /// Keeps a denial for retries; durable when this returns.
    void keep(ExchangeResult.Denied denied, String subject, Instant at) {
      var reasons = StrictJson.array();
      List<String> sentences = denied.reasons();
      sentences.forEach(reasons::add);
      var rules = StrictJson.array();
      for (Match match : denied.decisive()) {
        rules
            .addObject()
            .put("rule", match.rule())
            .put("outcome", match.outcome().name())
            .put("element", match.element())
            .put("reason", match.reason());
      }
      keep(
          common(denied.jti(), subject, at)
              .put("description", denied.description())
              .putJson("reasons", StrictJson.write(reasons))
              .putJson("rules", StrictJson.write(rules)));
    }

    private static JsonText common(String jti, String subject, Instant at) {
      return new JsonText()
          .put("jti", jti)
          .put("subject", subject)
          .put("at", at.getEpochSecond())
          .put("at_nanos", at.getNano());
    }

    private void keep(JsonText answer) {
      String sealed = master.seal(purpose(client, key), new Secret(answer.end()));
      if (!store.keep(client, Digest.sha256(key), until, sealed)) {
        throw new UnavailableException(
            "this try took too long, and another took its Idempotency-Key", null);
      }
      kept = true;
    }

    /// Lets go of the key, if nothing was kept: the next try is a first one.
    void release() {
      if (!kept) {
        store.release(client, Digest.sha256(key), until);
      }
    }
  }

  /// What became of a key.
  sealed interface Begun {
    /// Nobody used it before.
    record First(Claim claim) implements Begun {}

    /// It was answered before.
    ///
    /// @param at when the decision was made
    record Repeat(ExchangeResult result, String subject, Instant at) implements Begun {}

    /// It was used for another request.
    record Another() implements Begun {}
  }
}
