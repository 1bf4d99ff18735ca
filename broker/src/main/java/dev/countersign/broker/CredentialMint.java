package dev.countersign.broker;

import dev.countersign.broker.MintResult.Minted;
import dev.countersign.broker.MintResult.Refused;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
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

  private final BrokerConfig config;
  private final Roles roles;
  private final Engines engines;
  private final Function<BrokerConfig.Role, OnBehalfOfTokens> tokens;
  private final Presenters presenters;
  private final LeaseJournal journal;
  private final LeaseEnding ending;
  private final Ledger ledger;
  private final FaultPoint.Hook faults;
  private final InstantSource clock;

  /// @param config names the agents and the limits
  /// @param tokens the verifier of a role's tokens
  public CredentialMint(
      BrokerConfig config,
      Roles roles,
      Engines engines,
      Function<BrokerConfig.Role, OnBehalfOfTokens> tokens,
      Presenters presenters,
      LeaseJournal journal,
      LeaseEnding ending,
      Ledger ledger,
      FaultPoint.Hook faults,
      InstantSource clock) {
    this.config = config;
    this.roles = roles;
    this.engines = engines;
    this.tokens = tokens;
    this.presenters = presenters;
    this.journal = journal;
    this.ending = ending;
    this.ledger = ledger;
    this.faults = faults;
    this.clock = clock;
  }

  /// Answers one request.
  ///
  /// @throws UnavailableException if something that the answer needs is away; then there is no
  ///   login
  public MintResult mint(MintRequest request) {
    return recorded(new Known(request.role()), known -> decide(request, known));
  }

  /// Answers the request of a caller who proved itself and showed its token before, such as the
  /// holder of a session. The token is held against everything but its signature and times once
  /// more.
  public MintResult mint(
      MintPath path, Presenter presenter, OnBehalfOfToken token, Set<String> parameters) {
    return recorded(
        new Known(path.role()),
        known -> {
          known.presenter = presenter.name();
          known.token = token;
          return roles
              .find(path.role())
              .map(role -> decide(new Asked(role, path, presenter, parameters), token))
              .orElseGet(CredentialMint::unknownRole);
        });
  }

  private MintResult recorded(Known known, Function<Known, MintResult> work) {
    try {
      MintResult result = work.apply(known);
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
    Presenter presenter;
    if (request.proof() instanceof PresenterProof.Bearer) {
      if (roles.find(request.role()).filter(role -> role.access().takesPlainBearer()).isEmpty()) {
        return new Refused(
            Refusal.PRESENTER_NOT_PROVEN, "a token alone is not enough: prove who presents it");
      }
      presenter = Presenters.NOBODY;
    } else {
      switch (presenters.check(request.proof(), Optional.empty())) {
        case Presenters.Result.Proven(Presenter proven) -> presenter = proven;
        case Presenters.Result.Refused(String reason) -> {
          return new Refused(Refusal.PRESENTER_NOT_PROVEN, reason);
        }
      }
    }
    known.presenter = presenter.name();
    Optional<BrokerConfig.Role> found = roles.find(request.role());
    if (found.isEmpty()) {
      return unknownRole();
    }
    BrokerConfig.Role role = found.get();
    if (!presenter.equals(Presenters.NOBODY) && !role.presenters().contains(presenter.name())) {
      return notAllowed();
    }
    return switch (tokens.apply(role).verify(request.token())) {
      case OnBehalfOfTokens.Result.Verified(OnBehalfOfToken token) -> {
        known.token = token;
        if (request.claims().isPresent() && !isSame(request.claims().get(), token)) {
          yield new Refused(
              Refusal.CLAIMS_DIFFER,
              "`claims` must equal the claims that the token is signed with");
        }
        Presenter holder =
            presenter.equals(Presenters.NOBODY) ? Presenters.bearer(token.id()) : presenter;
        known.presenter = holder.name();
        yield decide(
            new Asked(
                role,
                request.path(),
                holder,
                request.claims().isPresent() ? Set.of("claims") : Set.of()),
            token);
      }
      case OnBehalfOfTokens.Result.Rejected(String reason) ->
          new Refused(Refusal.TOKEN_REJECTED, "token: " + reason);
      case OnBehalfOfTokens.Result.Unavailable(String reason) ->
          throw new UnavailableException(reason, null);
    };
  }

  private MintResult decide(Asked asked, OnBehalfOfToken token) {
    BrokerConfig.Access access = asked.role.access();
    boolean isBearer = Presenters.isBearer(asked.presenter);
    if (isBearer
        ? !access.takesPlainBearer()
        : !access.presenters().contains(asked.presenter.name())) {
      return notAllowed();
    }
    if (access.actors().isEmpty()
        ? !token.actor().equals(token.client())
        : !access.actors().contains(token.actor())) {
      return new Refused(
          Refusal.ACTOR_NOT_ALLOWED, "this role does not take tokens with this `act.sub`");
    }
    if (!token.binding().isNone()
        && !token.binding().isHeldBy(asked.presenter)
        && !access.checksBinding().contains(asked.presenter.name())) {
      return new Refused(
          Refusal.BINDING_NOT_PROVEN,
          "the token is bound by `cnf` to a key that this workload did not prove");
    }
    Optional<BrokerConfig.Agent> agent = Optional.ofNullable(config.agents().get(token.actor()));
    if (!config.agents().isEmpty() && agent.isEmpty()) {
      return new Refused(Refusal.AGENT_UNKNOWN, "the agent that acts is not registered");
    }
    Optional<Refused> revoked = revoked(token);
    if (revoked.isPresent()) {
      return revoked.get();
    }
    return switch (RoleMatch.of(
        asked.role,
        agent,
        token.details(),
        token.versions(),
        asked.path.text(),
        asked.path.operation(),
        asked.parameters)) {
      case RoleMatch.NoMatch(String reason) -> new Refused(Refusal.RAR_NO_MATCH, reason);
      case RoleMatch.Matched matched -> mint(asked, token, matched);
    };
  }

  private Optional<Refused> revoked(OnBehalfOfToken token) {
    // `iat` has whole seconds: a token of the very second of the kill counts as issued before it.
    return journal
        .revoked(token)
        .map(kind ->
            switch (kind) {
              case SUBJECT ->
                  new Refused(
                      Refusal.SUBJECT_REVOKED,
                      "everything of the subject was revoked after this token was issued");
              case CLIENT ->
                  new Refused(
                      Refusal.TOKEN_REVOKED,
                      "everything of the client was revoked after this token was issued");
              case SESSION ->
                  new Refused(
                      Refusal.TOKEN_REVOKED,
                      "what the client does for the subject was revoked after this token was"
                          + " issued");
              case TOKEN -> new Refused(Refusal.TOKEN_REVOKED, "the token was revoked");
            });
  }

  private static boolean isSame(MintRequest.Claims claims, OnBehalfOfToken token) {
    return claims.jti().equals(token.id().jti()) && claims.details().equals(token.details());
  }

  private MintResult mint(Asked asked, OnBehalfOfToken token, RoleMatch.Matched matched) {
    Engine engine =
        engines
            .find(asked.role.database())
            .orElseThrow(
                () -> new IllegalStateException("a role names a database that is not configured"));
    engine.ensureSafe(
        asked.role.mappings().stream()
            .flatMap(mapping -> mapping.groups().stream())
            .collect(Collectors.toSet()));
    Lease lease =
        Lease.prepare(
            asked.role,
            asked.path.mount(),
            token,
            asked.presenter,
            matched.timeToLive(),
            clock.instant());
    switch (journal.prepare(lease, config.limits())) {
      case LeaseJournal.Preparation.Prepared _ -> {}
      case LeaseJournal.Preparation.Used(Lease before) -> {
        return repeat(asked, engine, before);
      }
      case LeaseJournal.Preparation.OverLimit(String reason) -> {
        return new Refused(Refusal.OVER_LIMIT, reason);
      }
    }
    faults.reached(FaultPoint.MINT_JOURNALED);
    try {
      Secret password = engine.mint(lease, matched.grant());
      faults.reached(FaultPoint.MINT_CREATED);
      if (journal.activate(lease, clock.instant())) {
        faults.reached(FaultPoint.MINT_ACTIVE);
        ledger.append(minted(lease, token));
        faults.reached(FaultPoint.MINT_RECORDED);
        return new Minted(lease, password);
      }
    } catch (RuntimeException failed) {
      undo(lease);
      throw failed;
    }
    undo(lease);
    Optional<Refused> revoked = revoked(token);
    if (revoked.isPresent()) {
      return revoked.get();
    }
    throw new UnavailableException("the login was not ready in time", null);
  }

  private MintResult repeat(Asked asked, Engine engine, Lease lease) {
    Instant now = clock.instant();
    var used = new Refused(Refusal.TOKEN_USED, "token: it was used before");
    boolean isRetry =
        lease.presenter().equals(asked.presenter.name())
            && lease.role().equals(asked.role.name())
            && lease.id().text().startsWith(asked.path.mount())
            && lease.isActive(now)
            && now.isBefore(lease.issuedAt().plus(RETRY_WINDOW));
    if (!isRetry) {
      return used;
    }
    Optional<Secret> password = engine.changePassword(lease.user());
    if (password.isEmpty()) {
      return used;
    }
    ObjectNode data = LeaseEnding.describe(lease).put("repeat", true);
    ledger.append(
        new LedgerEntry(LedgerEvent.LEASE_MINTED, lease.token().jti(), lease.subject(), data));
    return new Minted(lease, password.get());
  }

  private static LedgerEntry minted(Lease lease, OnBehalfOfToken token) {
    ObjectNode data =
        LeaseEnding.describe(lease)
            .put("actor", token.actor())
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

  private static MintResult unknownRole() {
    return new Refused(Refusal.UNKNOWN_ROLE, "there is no such role");
  }

  private static MintResult notAllowed() {
    return new Refused(
        Refusal.PRESENTER_NOT_ALLOWED, "this workload may not present tokens for this role");
  }

  /// Who asks for what, once it is proven who asks.
  private record Asked(
      BrokerConfig.Role role, MintPath path, Presenter presenter, Set<String> parameters) {}

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
