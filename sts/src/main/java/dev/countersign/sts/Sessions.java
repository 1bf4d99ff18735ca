package dev.countersign.sts;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.sts.clients.Proofs;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Whether a person is still in, and the end of it.
///
/// Threads may share it.
public final class Sessions {
  private final SubjectTokens subjectTokens;
  private final Tokens tokens;
  private final Possession possession;
  private final Entrance entrance;
  private final Gate gate;
  private final RevokedTokens revoked;
  private final SessionStore store;
  private final Ledger ledger;
  private final InstantSource clock;

  public Sessions(
      SubjectTokens subjectTokens,
      Tokens tokens,
      Possession possession,
      Entrance entrance,
      Gate gate,
      RevokedTokens revoked,
      SessionStore store,
      Ledger ledger,
      InstantSource clock) {
    this.subjectTokens = subjectTokens;
    this.tokens = tokens;
    this.possession = possession;
    this.entrance = entrance;
    this.gate = gate;
    this.revoked = revoked;
    this.store = store;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// The person of a token that is good now and whose sessions were not ended since: an
  /// on-behalf-of token of ours or a subject token of an anchor.
  ///
  /// @param proof the `DPoP` header that came with it; a bound token needs one, for this method and
  ///   path
  /// @throws dev.countersign.protocol.WireException if the proof is bad or lacks our nonce
  public Optional<UserInfo> userOf(
      Secret token, Optional<String> proof, String method, String path) {
    return tokens.claimsToBeOurs(token.reveal())
        ? ofOurs(token, proof, method, path)
        : ofAnchor(token, proof, method, path);
  }

  private Optional<UserInfo> ofOurs(
      Secret token, Optional<String> proof, String method, String path) {
    return switch (tokens.checkOnBehalfOf(token.reveal())) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> {
        String subject = jwt.text("sub").orElseThrow();
        boolean isIn =
            isProven(jwt, token, proof, method, path)
                && !revoked.isRevoked(jwt.id().orElseThrow())
                && isOpen(subject, jwt.text("client_id").orElse(""), jwt.issuedAt().orElseThrow());
        yield isIn ? Optional.of(new UserInfo(subject, null)) : Optional.empty();
      }
      case JwtCheck.Rejected _ -> Optional.empty();
      case JwtCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  /// Whether the holder proved the key that a token is bound to. A binding that we cannot see
  /// proven here, such as to a certificate, is not proven.
  private boolean isProven(
      VerifiedJwt jwt, Secret token, Optional<String> proof, String method, String path) {
    JsonNode cnf = jwt.claims().path("cnf");
    if (cnf.isMissingNode() || proof.isEmpty()) {
      return cnf.isMissingNode() && proof.isEmpty();
    }
    var proofs = new Proofs();
    String thumbprint = possession.proven(proof.get(), method, path, token, proofs);
    return new Possession.Binding.Key(thumbprint).cnf().equals(StrictJson.write(cnf))
        && entrance.enter(proofs.settle(), "", "").isFresh();
  }

  /// Whether neither all of the person's sessions nor those with this client were ended since then.
  boolean isOpen(String subject, String client, Instant since) {
    if (!isOpen(subject, since)) {
      seeRefusal(subject);
      return false;
    }
    return store.endedAt(subject, client).filter(at -> !since.isAfter(at)).isEmpty();
  }

  /// The first refusal after a kill is a hop of its stopwatch. That it is told matters less than
  /// that it happens.
  private void seeRefusal(String subject) {
    try {
      gate.firstRefusal(subject, clock.instant())
          .ifPresent(txn ->
              ledger.append(
                  new LedgerEntry(LedgerEvent.KILL_SEEN, txn, subject, StrictJson.object())));
    } catch (UnavailableException away) {
      // It is refused all the same.
    }
  }

  private boolean isOpen(String subject, Instant since) {
    return gate.closedAt(subject).filter(closedAt -> !since.isAfter(closedAt)).isEmpty();
  }

  private Optional<UserInfo> ofAnchor(
      Secret token, Optional<String> proof, String method, String path) {
    return switch (subjectTokens.verifyByIssuer(token.reveal(), clock.instant())) {
      case SubjectTokens.SubjectCheck.Verified(Subject subject, VerifiedJwt jwt) -> {
        if (!isProven(jwt, token, proof, method, path)) {
          yield Optional.empty();
        }
        boolean isKilled =
            gate.closedAt(subject.key())
                .filter(closedAt -> !subject.signedInAfter(closedAt))
                .isPresent();
        if (isKilled) {
          seeRefusal(subject.key());
        }
        yield isKilled
            ? Optional.empty()
            : Optional.of(new UserInfo(subject.key(), subject.mail()));
      }
      case SubjectTokens.SubjectCheck.Rejected _ -> Optional.empty();
      case SubjectTokens.SubjectCheck.Unavailable(String reason) ->
          throw new KeySource.KeysUnavailableException(reason);
    };
  }

  /// The sessions of a person: one for each client that acted for it.
  public List<SessionStore.Session> of(String subject) {
    return store.of(subject);
  }

  /// Ends one session of a person: what this client may do for it. Sign-ins from later on open it
  /// again.
  ///
  /// @return false if there is no such session
  public boolean endOne(String subject, String session, String txn, String by) {
    String id = txn.isEmpty() ? Ids.random() : txn;
    Optional<String> client = store.end(subject, session, id, clock.instant(), by);
    client.ifPresent(known ->
        ledger.append(
            new LedgerEntry(
                LedgerEvent.SESSIONS_ENDED,
                id,
                subject,
                StrictJson.object().put("by", by).put("client_id", known))));
    return client.isPresent();
  }

  /// Ends a person's sessions on the word of another box.
  ///
  /// @param txn the id of the call that caused it, or empty
  /// @param happenedAt when it happened, if that is known: what comes late does not lock out
  ///   whoever has signed in since. It counts once every token of before has expired; until then,
  ///   now does
  public void end(String subject, String txn, Optional<Instant> happenedAt, String by) {
    String id = txn.isEmpty() ? Ids.random() : txn;
    Instant now = clock.instant();
    Instant at =
        happenedAt.filter(then -> then.plus(StsConfig.LONGEST_LIFETIME).isBefore(now)).orElse(now);
    gate.close(
        new Kill(
            subject,
            id,
            "the session was ended by " + by,
            Kill.Initiator.SYSTEM,
            at,
            Kill.Announce.NOBODY));
    ledger.append(
        new LedgerEntry(
            LedgerEvent.SESSIONS_ENDED,
            id,
            subject,
            StrictJson.object()
                .put("by", by)
                .put("decided_at", now.toString())
                .put("gate_at", at.toString())));
  }

  /// Ends a person's sessions everywhere on an operator's word: the gate closes, and the event goes
  /// out in the same transaction.
  ///
  /// @param reason one sentence, for the event and the ledger
  /// @return the transaction under which the ledger has all of it
  public String kill(String subject, String reason, String operator) {
    String txn = Ids.random();
    Instant now = clock.instant();
    gate.close(
        new Kill(subject, txn, reason, Kill.Initiator.ADMIN, now, Kill.Announce.TRANSMITTER));
    ledger.append(
        new LedgerEntry(
            LedgerEvent.SESSIONS_ENDED,
            txn,
            subject,
            StrictJson.object()
                .put("by", operator)
                .put("reason", reason)
                .put("decided_at", now.toString())));
    return txn;
  }

  /// Ends what one client may do for a person, on an operator's word, with the leases that it has
  /// open. Other clients go on, and so do the person's sessions at the identity provider.
  ///
  /// @param subject the person's key, or [SessionStore#EVERYBODY]
  /// @return the transaction in the ledger
  public String killClient(String subject, String client, String reason, String operator) {
    String txn = Ids.random();
    Instant now = clock.instant();
    store.endClient(subject, client, txn, now, operator);
    ledger.append(
        new LedgerEntry(
            LedgerEvent.SESSIONS_ENDED,
            txn,
            named(subject),
            StrictJson.object()
                .put("by", operator)
                .put("client_id", client)
                .put("reason", reason)
                .put("decided_at", now.toString())));
    return txn;
  }

  /// Lets a client act for a person again, on an operator's word. The ledger knows it before it is
  /// so.
  ///
  /// @return the transaction in the ledger, or empty if it was not shut out
  public Optional<String> openClient(
      String subject, String client, String reason, String operator) {
    if (!store.isShut(subject, client)) {
      return Optional.empty();
    }
    String txn = Ids.random();
    ledger.append(
        new LedgerEntry(
            LedgerEvent.GATE_OPENED,
            txn,
            named(subject),
            StrictJson.object()
                .put("by", operator)
                .put("client_id", client)
                .put("reason", reason)));
    store.openClient(subject, client);
    return Optional.of(txn);
  }

  /// Lets a person in again on an operator's word. The ledger knows it before it is so.
  ///
  /// @return the transaction in the ledger, or empty if the gate was open
  public Optional<String> open(String subject, String reason, String operator) {
    if (gate.closedAt(subject).isEmpty()) {
      return Optional.empty();
    }
    String txn = Ids.random();
    ledger.append(
        new LedgerEntry(
            LedgerEvent.GATE_OPENED,
            txn,
            subject,
            StrictJson.object().put("by", operator).put("reason", reason)));
    gate.open(subject);
    return Optional.of(txn);
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

  /// Whom the ledger names: nobody, where it is about everybody.
  private static String named(String subject) {
    return subject.equals(SessionStore.EVERYBODY) ? "" : subject;
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
