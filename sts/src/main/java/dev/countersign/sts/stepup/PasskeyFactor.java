package dev.countersign.sts.stepup;

import dev.countersign.policy.Factor;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;

/// A passkey signs the request itself: the challenge is the approval's id and, after it, the digest
/// of what is approved, so that the signature proves both. Threads may share it.
public final class PasskeyFactor implements ApprovalFactor {
  private final WebAuthn webAuthn;
  private final Passkeys passkeys;
  private final InstantSource clock;

  public PasskeyFactor(WebAuthn webAuthn, Passkeys passkeys, InstantSource clock) {
    this.webAuthn = webAuthn;
    this.passkeys = passkeys;
    this.clock = clock;
  }

  /// What a passkey has to sign for an approval: the id, a zero byte, the 32 bytes of the digest.
  public static byte[] challenge(Approval approval) {
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes(approval.id().getBytes(StandardCharsets.US_ASCII));
    bytes.write(0);
    bytes.writeBytes(Base64.getUrlDecoder().decode(approval.details().digest()));
    return bytes.toByteArray();
  }

  @Override
  public Factor kind() {
    return Factor.PASSKEY;
  }

  @Override
  public Reach reach(Approval approval, String subject, boolean wanted) {
    return passkeys.of(subject).isEmpty() ? new Reach.Nothing() : new Reach.OnPage();
  }

  @Override
  public Verdict check(Approvals.Turn turn, Proof proof) {
    if (!(proof instanceof Proof.Passkey(String response, String _))) {
      return new Verdict.NotAsked();
    }
    Optional<WebAuthn.Used> used =
        webAuthn.verify(challenge(turn.approval()), response, turn.passkeys());
    if (used.isEmpty()) {
      return new Verdict.Wrong();
    }
    turn.passkeyUsed(used.get().credentialId(), used.get().signCount(), clock.instant());
    return new Verdict.Right(used.get().credentialId());
  }
}
