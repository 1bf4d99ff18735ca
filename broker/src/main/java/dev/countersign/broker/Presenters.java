package dev.countersign.broker;

import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/// Finds out which workload is calling. Threads may share it.
public final class Presenters {
  /// Who sends a token and nothing else.
  static final Presenter NOBODY = Presenter.named("");

  private static final String BEARER = "bearer:";

  private final PresenterAssertion.Checker assertions;
  private final Roles roles;
  private final TokensAt tokens;
  private final PresenterKeys keys;

  /// @param tokens verifies a role's tokens at a moment of the past
  public Presenters(
      PresenterAssertion.Checker assertions, Roles roles, TokensAt tokens, PresenterKeys keys) {
    this.assertions = assertions;
    this.roles = roles;
    this.tokens = tokens;
    this.keys = keys;
  }

  /// Checks a proof and uses it up.
  ///
  /// @param about the lease that the request is about; a token alone proves the holder of its own
  ///   lease and nobody else, also when it has expired since
  public Result check(PresenterProof proof, Optional<Lease> about) {
    return switch (proof) {
      case PresenterProof.Proven(Presenter presenter) -> new Result.Proven(presenter);
      case PresenterProof.Assertion(Secret jwt) ->
          switch (assertions.check(jwt.reveal())) {
            case PresenterAssertion.Result.Presenter(String name) ->
                new Result.Proven(Presenter.named(name));
            case PresenterAssertion.Result.Refused(String reason) -> new Result.Refused(reason);
          };
      case PresenterProof.Bearer(Secret token) -> bearer(token, about);
      case PresenterProof.Dpop dpop -> keys.check(dpop);
      case PresenterProof.MutualTls certificate -> keys.check(certificate);
    };
  }

  private Result bearer(Secret token, Optional<Lease> about) {
    return about
        .filter(lease -> lease.presenter().equals(bearer(lease.token()).name()))
        .flatMap(lease -> roles.find(lease.role()).map(role -> at(lease, role).verify(token)))
        .filter(result -> result instanceof OnBehalfOfTokens.Result.Verified)
        .map(result -> ((OnBehalfOfTokens.Result.Verified) result).token())
        .filter(verified -> about.orElseThrow().token().equals(verified.id()))
        .<Result>map(verified -> new Result.Proven(bearer(verified.id())))
        .orElseGet(() -> new Result.Refused("a token alone is not enough: prove who presents it"));
  }

  private OnBehalfOfTokens at(Lease lease, BrokerConfig.Role role) {
    Instant issued = lease.tokenIssuedAt();
    return tokens.verifier(role, () -> issued);
  }

  /// Whoever holds this token.
  public static Presenter bearer(TokenId token) {
    return Presenter.named(BEARER + token.jti());
  }

  static boolean isBearer(Presenter presenter) {
    return presenter.name().startsWith(BEARER);
  }

  /// Verifies a role's tokens by a clock of its own.
  @FunctionalInterface
  public interface TokensAt {
    OnBehalfOfTokens verifier(BrokerConfig.Role role, InstantSource clock);
  }

  /// Who is calling, or why nobody is known to be.
  public sealed interface Result {
    /// The workload proved itself.
    record Proven(Presenter presenter) implements Result {}

    /// Nobody is proven.
    ///
    /// @param reason for the ledger; no value of the proof in it
    record Refused(String reason) implements Result {}
  }
}
