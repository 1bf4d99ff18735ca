package dev.countersign.broker;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.DpopNonces;
import dev.countersign.protocol.DpopProofs;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.ReplayGuard;
import java.net.URI;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// The keys by which workloads prove themselves other than by an assertion: their registered key
/// with a DPoP proof, or their registered certificate in the TLS handshake. Threads may share it.
///
/// A certificate counts by itself, not by who issued it: the one that is registered, and while it
/// is valid.
///
/// @spec https://www.rfc-editor.org/rfc/rfc9449#section-7 RFC 9449 §7
/// @spec https://www.rfc-editor.org/rfc/rfc8705#section-2.2 RFC 8705 §2.2
public final class PresenterKeys {
  private static final String REPLAYS = "dpop ";

  private final BrokerConfig config;
  private final Supplier<byte[]> nonceKey;
  private final ReplayGuard replays;
  private final InstantSource clock;

  /// @param config names the workloads, their keys and certificates, and the broker's own address
  /// @param nonceKey 32 secret bytes, the same at every replica
  public PresenterKeys(
      BrokerConfig config, Supplier<byte[]> nonceKey, ReplayGuard replays, InstantSource clock) {
    this.config = config;
    this.nonceKey = nonceKey;
    this.replays = replays;
    this.clock = clock;
  }

  /// What the next DPoP proof must carry.
  public String nonce() {
    return proofs().nonce();
  }

  private DpopProofs proofs() {
    return new DpopProofs(new DpopNonces(nonceKey.get(), clock), clock);
  }

  Presenters.Result check(PresenterProof.Dpop sent) {
    URI target = URI.create(config.baseUri() + sent.path());
    return switch (proofs().check(sent.proof().reveal(), sent.method(), target, sent.token())) {
      case DpopProofs.Check.Bad(String reason) ->
          new Presenters.Result.Refused("the DPoP proof: " + reason);
      case DpopProofs.Check.NonceNeeded() ->
          new Presenters.Result.Refused("the DPoP proof must carry the nonce of this answer");
      case DpopProofs.Check.Proven(String thumbprint, String id, var forgetAt) -> {
        Optional<String> workload = workload(thumbprint);
        if (workload.isEmpty()) {
          yield new Presenters.Result.Refused("the DPoP proof: its key is no workload's");
        }
        yield replays.isFirstUse(REPLAYS + thumbprint, id, forgetAt)
            ? new Presenters.Result.Proven(new Presenter(workload.get(), thumbprint, ""))
            : new Presenters.Result.Refused("the DPoP proof: it was used before");
      }
    };
  }

  private Optional<String> workload(String thumbprint) {
    return config.workloads().entrySet().stream()
        .filter(workload -> holds(workload.getValue(), thumbprint))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  private static boolean holds(KeySource keys, String thumbprint) {
    return keys.keys("").holds(thumbprint);
  }

  Presenters.Result check(PresenterProof.MutualTls proven) {
    X509Certificate certificate = proven.certificate();
    String thumbprint = thumbprint(certificate);
    String workload = config.certificates().get(thumbprint);
    if (workload == null) {
      return new Presenters.Result.Refused("the certificate is no workload's");
    }
    boolean isValid =
        !clock.instant().isBefore(certificate.getNotBefore().toInstant())
            && clock.instant().isBefore(certificate.getNotAfter().toInstant());
    return isValid
        ? new Presenters.Result.Proven(new Presenter(workload, "", thumbprint))
        : new Presenters.Result.Refused("the certificate is not valid now");
  }

  /// `x5t#S256` of a certificate.
  public static String thumbprint(X509Certificate certificate) {
    try {
      return Digest.sha256(certificate.getEncoded());
    } catch (CertificateEncodingException impossible) {
      throw new IllegalStateException("a certificate that was read has an encoding", impossible);
    }
  }
}
