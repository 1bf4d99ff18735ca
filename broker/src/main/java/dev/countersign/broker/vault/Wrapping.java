package dev.countersign.broker.vault;

import dev.countersign.box.Seal;
import dev.countersign.broker.vault.WrappedAnswers.Kept;
import dev.countersign.broker.vault.WrappedAnswers.Taken;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Answers put away under a token that opens them once. The token is the key: what is stored opens
/// for nobody without it.
///
/// Threads may share it.
public final class Wrapping {
  private static final int RANDOM = 43;
  private static final Duration REMEMBERED = Duration.ofDays(1);

  private final WrappedAnswers answers;
  private final Ledger ledger;
  private final InstantSource clock;

  public Wrapping(WrappedAnswers answers, Ledger ledger, InstantSource clock) {
    this.answers = answers;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Puts an answer away.
  ///
  /// @param path what was asked for, without the API version
  public Wrapped wrap(ObjectNode answer, String path, Duration timeToLive) {
    Instant now = clock.instant();
    var token = new Secret(Sessions.PREFIX + Ids.base62(RANDOM));
    answers.forget(now.minus(REMEMBERED));
    answers.add(
        digest(token),
        new Kept(
            seal(token).seal(StrictJson.write(answer), path), path, now, now.plus(timeToLive)));
    return new Wrapped(token, Ids.base62(24), path, now, timeToLive);
  }

  /// Takes an answer out. A second attempt, whoever makes it, stands in the ledger: one of the two
  /// was not meant to have it.
  ///
  /// @return empty if the token opens nothing, or not any more
  public Optional<ObjectNode> unwrap(Secret token) {
    return switch (answers.take(digest(token), clock.instant())) {
      case Taken.First(Kept kept) ->
          Optional.of(StrictJson.parseObject(seal(token).open(kept.sealed(), kept.path())));
      case Taken.Again(String path) -> {
        refuse("wrapping_used", path);
        yield Optional.empty();
      }
      case Taken.Nothing _ -> {
        refuse("wrapping_unknown", "");
        yield Optional.empty();
      }
    };
  }

  /// What is known of an answer that nobody took out yet.
  public Optional<Kept> lookup(Secret token) {
    return answers.find(digest(token), clock.instant());
  }

  private void refuse(String reason, String path) {
    ledger.append(
        new LedgerEntry(
            LedgerEvent.WRAPPING_REFUSED,
            "",
            "",
            StrictJson.object().put("reason", reason).put("path", path)));
  }

  private static Seal seal(Secret token) {
    return new Seal(new Secret("wrapping " + token.reveal()));
  }

  private static String digest(Secret token) {
    return Digest.sha256(token.reveal());
  }

  /// An answer that was put away.
  ///
  /// @param token opens it once
  /// @param accessor a name that opens nothing
  public record Wrapped(
      Secret token, String accessor, String path, Instant createdAt, Duration timeToLive) {}
}
