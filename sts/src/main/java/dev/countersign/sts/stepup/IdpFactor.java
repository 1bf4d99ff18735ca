package dev.countersign.sts.stepup;

import dev.countersign.policy.Factor;
import dev.countersign.sts.StepUpSettings;
import java.time.Duration;
import java.time.Instant;

/// The person's own identity provider proves it: a new authentication there, as strong as was
/// asked. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9470#section-5 RFC 9470 §5
public final class IdpFactor implements ApprovalFactor {
  /// How far the provider's clock may be behind ours.
  private static final Duration LEEWAY = Duration.ofSeconds(10);

  private final StepUpSettings settings;

  public IdpFactor(StepUpSettings settings) {
    this.settings = settings;
  }

  @Override
  public Factor kind() {
    return Factor.IDP;
  }

  @Override
  public Reach reach(Approval approval, String subject, boolean wanted) {
    return settings.asksForStrength(anchor(subject)) ? new Reach.OnPage() : new Reach.Nothing();
  }

  @Override
  public Verdict check(Approvals.Turn turn, Proof proof) {
    if (!(proof instanceof Proof.FreshSignIn signIn)) {
      return new Verdict.NotAsked();
    }
    Instant at = signIn.authenticatedAt();
    String acr = signIn.acr();
    boolean isFresh = at != null && !at.isBefore(signIn.askedAt().minus(LEEWAY));
    if (acr == null
        || !isFresh
        || !settings.isStrong(anchor(turn.answerer()), acr)
        || !signIn.subject().equals(turn.answerer())) {
      return new Verdict.Wrong();
    }
    return new Verdict.Right(acr);
  }

  private static String anchor(String subject) {
    return subject.substring(0, subject.indexOf('|'));
  }
}
