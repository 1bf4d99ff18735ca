package dev.countersign.gateway;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.DpopNonces;
import dev.countersign.protocol.DpopProofs;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.ReplayGuard;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.WireException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;

/// Proofs that the sender of a token holds the key that it is bound to. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9449#section-7 RFC 9449 §7
public final class Possession {
  private static final String PURPOSE = "countersign gateway dpop nonces 1\n";
  private static final String REPLAYS = "dpop ";

  private final DpopProofs proofs;
  private final URI base;
  private final ReplayGuard used;

  /// @param base our address as agents know it: proofs name it
  /// @param secret what all replicas of this gateway share and nobody else knows
  /// @param used the proofs that were used, at any replica
  public Possession(URI base, Secret secret, ReplayGuard used, InstantSource clock) {
    byte[] key = Digest.raw((PURPOSE + secret.reveal()).getBytes(StandardCharsets.UTF_8));
    this.proofs = new DpopProofs(new DpopNonces(key, clock), clock);
    this.base = base;
    this.used = used;
  }

  /// Verifies a proof for one request and its token.
  ///
  /// @throws WireException if it is bad or lacks our nonce
  public DpopProofs.Check.Proven proven(String proof, String method, String path, Secret token) {
    return switch (proofs.check(proof, method, base.resolve(path), token)) {
      case DpopProofs.Check.Proven proven -> proven;
      case DpopProofs.Check.NonceNeeded() ->
          throw new WireException(
              OAuthError.USE_DPOP_NONCE, "the DPoP proof must carry the nonce of this answer");
      case DpopProofs.Check.Bad(String reason) ->
          throw new WireException(OAuthError.INVALID_DPOP_PROOF, "the DPoP proof: " + reason);
    };
  }

  /// Uses a proof up.
  ///
  /// @return false if it was used before, at any replica
  public boolean isFirstUse(DpopProofs.Check.Proven proof) {
    return used.isFirstUse(REPLAYS + proof.thumbprint(), proof.id(), proof.forgetAt());
  }

  /// What the next proof must carry.
  public String nonce() {
    return proofs.nonce();
  }
}
