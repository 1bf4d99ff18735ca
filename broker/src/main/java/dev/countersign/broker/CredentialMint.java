package dev.countersign.broker;

import dev.countersign.broker.MintResult.Minted;
import dev.countersign.broker.MintResult.Refused;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Turns one on-behalf-of token into one database login. The outcome is in the ledger before this
/// answers.
///
/// Threads may share it.
public final class CredentialMint {
  /// How long a presenter that missed the answer may ask again with the same token.
  static final Duration RETRY_WINDOW = Duration.ofSeconds(10);

  private static final int PASSWORD_BYTES = 32;

  private final Map<String, Desk> desks = new HashMap<>();
  private final PresenterAssertion.Checker presenters;
  private final LeaseJournal journal;
  private final LeaseEnding ending;
  private final Ledger ledger;
  private final InstantSource clock;

  /// @param tokens the verifier of each role's tokens
  public CredentialMint(
      BrokerConfig config,
      Function<BrokerConfig.Role, OnBehalfOfTokens> tokens,
      PresenterAssertion.Checker presenters,
      Map<String, TargetDatabase> targets,
      LeaseJournal journal,
      LeaseEnding ending,
      Ledger ledger,
      InstantSource clock) {
    for (BrokerConfig.Role role : config.roles()) {
      TargetDatabase target = targets.get(role.database());
      if (target == null) {
        throw new IllegalArgumentException("no target for database " + role.database());
      }
      desks.put(role.name(), new Desk(role, tokens.apply(role), target));
    }
    this.presenters = presenters;
    this.journal = journal;
    this.ending = ending;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Answers one request.
  ///
  /// @throws UnavailableException if something that the answer needs is away; then there is no
  ///   login
  public MintResult mint(MintRequest request) {
    var known = new Known(request.role());
    try {
      MintResult result = decide(request, known);
      if (result instanceof Refused(Refusal refusal, String reason)) {
        ledger.append(known.refused(refusal, reason));
      }
      return result;
    } catch (Ledger.LedgerAway away) {
      throw away;
    } catch (RuntimeException failed) {
      ledger.append(known.refused(Refusal.UNAVAILABLE, String.valueOf(failed.getMessage())));
      throw failed;
    }
  }

  private MintResult decide(MintRequest request, Known known) {
    String presenter;
    switch (presenters.check(request.assertion().reveal())) {
      case PresenterAssertion.Result.Presenter(String name) -> presenter = name;
      case PresenterAssertion.Result.Refused(String reason) -> {
        return new Refused(Refusal.PRESENTER_NOT_PROVEN, reason);
      }
    }
    known.presenter = presenter;
    Desk desk = desks.get(request.role());
    if (desk == null) {
      return new Refused(Refusal.UNKNOWN_ROLE, "there is no such role");
    }
    if (!desk.role.presenters().contains(presenter)) {
      return new Refused(
          Refusal.PRESENTER_NOT_ALLOWED, "this workload may not present tokens for this role");
    }
    return switch (desk.tokens.verify(request.token())) {
      case OnBehalfOfTokens.Result.Verified(OnBehalfOfToken token) -> {
        known.token = token;
        yield decide(desk, token, presenter, request.claims());
      }
      case OnBehalfOfTokens.Result.Rejected(String reason) ->
          new Refused(Refusal.TOKEN_REJECTED, "token: " + reason);
      case OnBehalfOfTokens.Result.Unavailable(String reason) ->
          throw new UnavailableException(reason, null);
    };
  }

  private MintResult decide(
      Desk desk, OnBehalfOfToken token, String presenter, Optional<MintRequest.Claims> claims) {
    if (claims.isPresent() && !isSame(claims.get(), token)) {
      return new Refused(
          Refusal.CLAIMS_DIFFER, "`claims` must equal the claims that the token is signed with");
    }
    if (isRevoked(token)) {
      return subjectRevoked();
    }
    return switch (RoleMatch.of(desk.role, token.details())) {
      case RoleMatch.NoMatch(String reason) -> new Refused(Refusal.RAR_NO_MATCH, reason);
      case RoleMatch.Matched matched -> mint(desk, token, presenter, matched);
    };
  }

  private boolean isRevoked(OnBehalfOfToken token) {
    // `iat` has whole seconds: a token of the very second of the kill counts as issued before it.
    return journal
        .killedAt(token.subject())
        .filter(killedAt -> !token.issuedAt().isAfter(killedAt))
        .isPresent();
  }

  private static boolean isSame(MintRequest.Claims claims, OnBehalfOfToken token) {
    return claims.jti().equals(token.id().jti()) && claims.details().equals(token.details());
  }

  private MintResult mint(
      Desk desk, OnBehalfOfToken token, String presenter, RoleMatch.Matched matched) {
    desk.target.ensureSafe(
        desk.role.mappings().stream()
            .flatMap(mapping -> mapping.groups().stream())
            .collect(Collectors.toSet()));
    Lease lease = Lease.prepare(desk.role, token, presenter, clock.instant());
    Optional<Lease> before = journal.prepare(lease);
    if (before.isPresent()) {
      return repeat(desk, before.get(), presenter);
    }
    try {
      Secret password = password();
      desk.target.create(lease, ScramVerifier.of(password), matched.groups(), matched.request());
      if (journal.activate(lease, clock.instant())) {
        ledger.append(minted(lease, token));
        return new Minted(lease, password);
      }
    } catch (RuntimeException failed) {
      undo(lease);
      throw failed;
    }
    undo(lease);
    if (isRevoked(token)) {
      return subjectRevoked();
    }
    throw new UnavailableException("the login was not ready in time", null);
  }

  private MintResult repeat(Desk desk, Lease lease, String presenter) {
    Instant now = clock.instant();
    var used = new Refused(Refusal.TOKEN_USED, "token: it was used before");
    boolean isRetry =
        lease.presenter().equals(presenter)
            && lease.role().equals(desk.role.name())
            && lease.isActive(now)
            && now.isBefore(lease.issuedAt().plus(RETRY_WINDOW));
    if (!isRetry) {
      return used;
    }
    Secret password = password();
    if (!desk.target.changePassword(lease.user(), ScramVerifier.of(password))) {
      return used;
    }
    ObjectNode data = LeaseEnding.describe(lease).put("repeat", true);
    ledger.append(
        new LedgerEntry(LedgerEvent.LEASE_MINTED, lease.token().jti(), lease.subject(), data));
    return new Minted(lease, password);
  }

  private static LedgerEntry minted(Lease lease, OnBehalfOfToken token) {
    ObjectNode data =
        LeaseEnding.describe(lease)
            .put("client", token.client())
            .put("authorization_details_digest", token.details().digest());
    return new LedgerEntry(LedgerEvent.LEASE_MINTED, lease.token().jti(), lease.subject(), data);
  }

  private void undo(Lease lease) {
    try {
      ending.abandon(lease);
    } catch (RuntimeException away) {
      // The journal has the lease as unfinished, so the sweeper ends it; the first failure is told.
      return;
    }
  }

  private static Refused subjectRevoked() {
    return new Refused(
        Refusal.SUBJECT_REVOKED,
        "everything of the subject was revoked after this token was issued");
  }

  private static Secret password() {
    return new Secret(
        Base64.getUrlEncoder().withoutPadding().encodeToString(Ids.bytes(PASSWORD_BYTES)));
  }

  /// What one role needs.
  private record Desk(BrokerConfig.Role role, OnBehalfOfTokens tokens, TargetDatabase target) {}

  /// What is proven so far, for the ledger.
  private static final class Known {
    private final String role;
    private String presenter = "";
    private @Nullable OnBehalfOfToken token;

    Known(String role) {
      this.role = role;
    }

    LedgerEntry refused(Refusal refusal, String reason) {
      ObjectNode data =
          StrictJson.object()
              .put("reason", refusal.code())
              .put("detail", reason)
              .put("presenter", presenter);
      if (refusal != Refusal.UNKNOWN_ROLE && !presenter.isEmpty()) {
        data.put("role", role);
      }
      OnBehalfOfToken proven = token;
      return proven == null
          ? new LedgerEntry(LedgerEvent.LEASE_REFUSED, "", "", data)
          : new LedgerEntry(LedgerEvent.LEASE_REFUSED, proven.id().jti(), proven.subject(), data);
    }
  }
}
