package dev.countersign.broker.vault;

import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.CredentialMint;
import dev.countersign.broker.LeaseJournal;
import dev.countersign.broker.Leases;
import dev.countersign.broker.MintPath;
import dev.countersign.broker.MintResult;
import dev.countersign.broker.OnBehalfOfToken;
import dev.countersign.broker.OnBehalfOfTokens;
import dev.countersign.broker.Presenter;
import dev.countersign.broker.PresenterProof;
import dev.countersign.broker.Presenters;
import dev.countersign.broker.Refusal;
import dev.countersign.broker.Roles;
import dev.countersign.broker.vault.LoginResult.Opened;
import dev.countersign.broker.vault.LoginResult.Refused;
import dev.countersign.broker.vault.Session.Holder;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/// Logins of unmodified Vault clients: an on-behalf-of token, or an operator's assertion, becomes a
/// session. A session opens nothing that its token does not open, and ends with its person.
///
/// Threads may share it.
public final class Sessions {
  /// What a session's token begins with, as Vault's do, so that scanners for secrets know it.
  public static final String PREFIX = "hvs.";

  /// The name of the login for operators.
  public static final String OPERATOR = "operator";

  private static final int RANDOM = 43;
  private static final int MOST_PER_TOKEN = 5;

  /// How long a session lives that nobody renews.
  public static final Duration TIME_TO_LIVE = Duration.ofMinutes(5);

  private static final Duration LONGEST = Duration.ofHours(1);
  private static final Duration REMEMBERED = Duration.ofHours(1);

  private final Set<String> operators;
  private final Roles roles;
  private final Function<BrokerConfig.Role, OnBehalfOfTokens> tokens;
  private final Presenters presenters;
  private final SessionStore store;
  private final LeaseJournal journal;
  private final CredentialMint mint;
  private final Leases leases;
  private final Ledger ledger;
  private final InstantSource clock;

  /// @param operators the workloads that may log in as [#OPERATOR]
  /// @param tokens the verifier of a role's tokens
  public Sessions(
      Set<String> operators,
      Roles roles,
      Function<BrokerConfig.Role, OnBehalfOfTokens> tokens,
      Presenters presenters,
      SessionStore store,
      LeaseJournal journal,
      CredentialMint mint,
      Leases leases,
      Ledger ledger,
      InstantSource clock) {
    this.operators = Set.copyOf(operators);
    this.roles = roles;
    this.tokens = tokens;
    this.presenters = presenters;
    this.store = store;
    this.journal = journal;
    this.mint = mint;
    this.leases = leases;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Whether a text looks like what opens a session.
  public static boolean isSessionToken(Secret token) {
    return token.reveal().startsWith(PREFIX);
  }

  /// Opens a session.
  ///
  /// @param role a broker's role, or [#OPERATOR]
  /// @param jwt an on-behalf-of token for the role's audience, or an operator's assertion
  /// @param assertion the presenter's proof; missing from clients that cannot prove themselves
  /// @throws UnavailableException if something that the answer needs is away
  public LoginResult login(String role, Secret jwt, Optional<Secret> assertion) {
    LoginResult result = role.equals(OPERATOR) ? asOperator(jwt) : withToken(role, jwt, assertion);
    switch (result) {
      case Opened(_, Session session) -> ledger.append(entry(LedgerEvent.SESSION_OPENED, session));
      case Refused(Refusal refusal, String reason) ->
          ledger.append(
              new LedgerEntry(
                  LedgerEvent.SESSION_REFUSED,
                  "",
                  "",
                  StrictJson.object().put("reason", refusal.code()).put("detail", reason)));
    }
    return result;
  }

  private LoginResult asOperator(Secret jwt) {
    return switch (presenters.check(new PresenterProof.Assertion(jwt), Optional.empty())) {
      case Presenters.Result.Refused(String reason) ->
          new Refused(Refusal.PRESENTER_NOT_PROVEN, "error validating token: " + reason);
      case Presenters.Result.Proven(Presenter proven) when !operators.contains(proven.name()) ->
          new Refused(Refusal.PRESENTER_NOT_ALLOWED, "this workload is no operator");
      case Presenters.Result.Proven(Presenter proven) ->
          open(new Holder.Operator(proven.name()), clock.instant());
    };
  }

  private LoginResult withToken(String name, Secret jwt, Optional<Secret> assertion) {
    Optional<BrokerConfig.Role> found = roles.find(name);
    if (found.isEmpty()) {
      return new Refused(Refusal.UNKNOWN_ROLE, "role could not be found");
    }
    BrokerConfig.Role role = found.get();
    Optional<Presenter> presenter = Optional.empty();
    if (assertion.isPresent()) {
      switch (presenters.check(new PresenterProof.Assertion(assertion.get()), Optional.empty())) {
        case Presenters.Result.Proven(Presenter proven) -> presenter = Optional.of(proven);
        case Presenters.Result.Refused(String reason) -> {
          return new Refused(Refusal.PRESENTER_NOT_PROVEN, reason);
        }
      }
      if (!role.presenters().contains(presenter.get().name())) {
        return new Refused(
            Refusal.PRESENTER_NOT_ALLOWED, "this workload may not present tokens for this role");
      }
    } else if (!role.access().takesPlainBearer()) {
      return new Refused(
          Refusal.PRESENTER_NOT_PROVEN, "a token alone is not enough: prove who presents it");
    }
    return switch (tokens.apply(role).verify(jwt)) {
      case OnBehalfOfTokens.Result.Rejected(String reason) ->
          new Refused(Refusal.TOKEN_REJECTED, "error validating token: " + reason);
      case OnBehalfOfTokens.Result.Unavailable(String reason) ->
          throw new UnavailableException(reason, null);
      case OnBehalfOfTokens.Result.Verified(OnBehalfOfToken token)
          when journal.revoked(token).isPresent() ->
          new Refused(Refusal.TOKEN_REVOKED, "the token was revoked");
      case OnBehalfOfTokens.Result.Verified(OnBehalfOfToken token) ->
          open(
              new Holder.OfRequest(
                  token,
                  role.name(),
                  role.audience(),
                  presenter.orElseGet(() -> Presenters.bearer(token.id()))),
              clock.instant());
    };
  }

  private LoginResult open(Holder holder, Instant now) {
    var token = new Secret(PREFIX + Ids.base62(RANDOM));
    var session =
        new Session(Ids.base62(24), holder, now, now.plus(TIME_TO_LIVE), now.plus(LONGEST));
    store.forget(now.minus(REMEMBERED));
    return store.add(digest(token), session, MOST_PER_TOKEN, now)
        ? new Opened(token, session)
        : new Refused(Refusal.OVER_LIMIT, "this token has opened too many sessions");
  }

  /// The open session that a token belongs to. A session whose person, client or token was revoked
  /// is none.
  public Optional<Session> find(Secret token) {
    return store
        .find(digest(token))
        .filter(session -> session.isOpen(clock.instant()))
        .filter(session ->
            !(session.holder() instanceof Holder.OfRequest request)
                || journal.revoked(request.token()).isEmpty());
  }

  /// Lets a session live longer: `increment` from now on, and never beyond its longest time.
  ///
  /// @return empty if it is over
  public Optional<Session> renew(Secret token, Session session, Optional<Duration> increment) {
    Instant now = clock.instant();
    Instant wished = now.plus(increment.orElse(TIME_TO_LIVE));
    Instant until = wished.isBefore(session.longestUntil()) ? wished : session.longestUntil();
    return store.extend(digest(token), until)
        ? Optional.of(
            new Session(
                session.accessor(),
                session.holder(),
                session.issuedAt(),
                until,
                session.longestUntil()))
        : Optional.empty();
  }

  /// Ends a session and the lease that its token paid for, as Vault ends what a token made.
  ///
  /// @throws UnavailableException if the lease's database is away; the session is over then, and
  ///   the sweeper ends the lease
  public void revoke(Secret token, Session session) {
    if (store.remove(digest(token))) {
      ledger.append(entry(LedgerEvent.SESSION_ENDED, session));
    }
    if (session.holder() instanceof Holder.OfRequest request
        && !store.isOpen(request.token().id(), clock.instant())) {
      leases.revokePaidBy(request.token().id(), session.presenter());
    }
  }

  /// Mints for a session. Like everywhere, its token pays once.
  ///
  /// @param parameters the names of the body's members
  public MintResult mint(Session session, MintPath path, Set<String> parameters) {
    if (!(session.holder() instanceof Holder.OfRequest request)) {
      return refused(session, Refusal.PRESENTER_NOT_ALLOWED, "an operator has no approved request");
    }
    Optional<BrokerConfig.Role> role = roles.find(path.role());
    if (role.isPresent() && !role.get().audience().equals(request.audience())) {
      return refused(
          session, Refusal.TOKEN_REJECTED, "token: `aud` is not the resource of this role");
    }
    if (!clock.instant().isBefore(request.token().expiresAt())) {
      return refused(session, Refusal.TOKEN_REJECTED, "token: `exp` is in the past");
    }
    return mint.mint(path, request.presenter(), request.token(), parameters);
  }

  private MintResult refused(Session session, Refusal refusal, String reason) {
    LedgerEntry entry = entry(LedgerEvent.LEASE_REFUSED, session);
    entry.data().put("reason", refusal.code()).put("detail", reason);
    ledger.append(entry);
    return new MintResult.Refused(refusal, reason);
  }

  private static LedgerEntry entry(LedgerEvent event, Session session) {
    ObjectNode data =
        StrictJson.object()
            .put("accessor", session.accessor())
            .put("presenter", session.presenter().name());
    return switch (session.holder()) {
      case Holder.OfRequest request ->
          new LedgerEntry(
              event,
              request.token().id().jti(),
              request.token().subject(),
              data.put("role", request.role()));
      case Holder.Operator _ -> new LedgerEntry(event, "", "", data.put("role", OPERATOR));
    };
  }

  private static String digest(Secret token) {
    return Digest.sha256(token.reveal());
  }
}
