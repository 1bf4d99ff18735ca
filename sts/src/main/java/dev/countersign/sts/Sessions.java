package dev.countersign.sts;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.VerifiedJwt;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Whether a person is still in, and the end of it.
///
/// Threads may share it.
public final class Sessions {
  private final SubjectTokens subjectTokens;
  private final Tokens tokens;
  private final Gate gate;
  private final Ledger ledger;
  private final InstantSource clock;

  public Sessions(
      SubjectTokens subjectTokens, Tokens tokens, Gate gate, Ledger ledger, InstantSource clock) {
    this.subjectTokens = subjectTokens;
    this.tokens = tokens;
    this.gate = gate;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// The person of a token that is good now and whose sessions were not ended since: an
  /// on-behalf-of token of ours or a subject token of an anchor.
  public Optional<UserInfo> userOf(String token) {
    return tokens.claimsToBeOurs(token) ? ofOurs(token) : ofAnchor(token);
  }

  private Optional<UserInfo> ofOurs(String token) {
    return switch (tokens.checkOnBehalfOf(token)) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> {
        String subject = jwt.text("sub").orElseThrow();
        Instant issuedAt = jwt.issuedAt().orElseThrow();
        boolean isKilled =
            gate.closedAt(subject).filter(closedAt -> !issuedAt.isAfter(closedAt)).isPresent();
        yield isKilled ? Optional.empty() : Optional.of(new UserInfo(subject, null));
      }
      case JwtCheck.Rejected _ -> Optional.empty();
      case JwtCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  private Optional<UserInfo> ofAnchor(String token) {
    return switch (subjectTokens.verifyByIssuer(token, clock.instant())) {
      case SubjectTokens.SubjectCheck.Verified(Subject subject, VerifiedJwt _) -> {
        boolean isKilled =
            gate.closedAt(subject.key())
                .filter(closedAt -> !subject.signedInAfter(closedAt))
                .isPresent();
        yield isKilled
            ? Optional.empty()
            : Optional.of(new UserInfo(subject.key(), subject.mail()));
      }
      case SubjectTokens.SubjectCheck.Rejected _ -> Optional.empty();
      case SubjectTokens.SubjectCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  /// Ends a person's sessions on the word of another box.
  ///
  /// @param txn the id of the call that caused it, or empty
  public void end(String subject, String txn, String by) {
    String id = txn.isEmpty() ? Ids.random() : txn;
    gate.close(
        new Kill(
            subject,
            id,
            "the session was ended by " + by,
            Kill.Initiator.SYSTEM,
            clock.instant(),
            Kill.Announce.NOBODY));
    ledger.append(
        new LedgerEntry(
            LedgerEvent.SESSIONS_ENDED, id, subject, StrictJson.object().put("by", by)));
  }

  /// Writes down that somebody tried to end sessions who may not.
  public void refusedEnd(String reason) {
    ledger.append(
        new LedgerEntry(
            LedgerEvent.EXCHANGE_REFUSED,
            "",
            "",
            StrictJson.object().put("what", "end-sessions").put("reason", reason)));
  }

  /// Whether a text can be a person's key.
  public static boolean isSubjectKey(String text) {
    int bar = text.indexOf('|');
    return bar > 0 && SubjectTokens.isStableId(text.substring(bar + 1)) && bar <= 32;
  }

  /// What userinfo says about a person.
  ///
  /// @param mail the address in the token, or null
  public record UserInfo(String subject, @Nullable String mail) {}
}
