package dev.countersign.broker;

import dev.countersign.protocol.Secret;
import java.security.cert.X509Certificate;

/// How a caller shows which workload it is.
public sealed interface PresenterProof {

  /// A single-use assertion signed with the workload's key, as in the header
  /// `X-Countersign-Presenter`; empty text where the header is missing.
  record Assertion(Secret jwt) implements PresenterProof {}

  /// The on-behalf-of token alone, where the caller sends nothing else.
  record Bearer(Secret token) implements PresenterProof {}

  /// A DPoP proof with a workload's registered key, for the token of this request.
  ///
  /// @param path of the request, as it was sent
  record Dpop(Secret proof, String method, String path, Secret token) implements PresenterProof {}

  /// The certificate whose key the TLS handshake proved.
  record MutualTls(X509Certificate certificate) implements PresenterProof {}

  /// Somebody who is proven already, such as the holder of a session that a proof opened.
  record Proven(Presenter presenter) implements PresenterProof {}
}
