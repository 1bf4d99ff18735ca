package dev.countersign.sts.clients;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What came with one request to an endpoint that authenticates clients. Nothing in it is believed
/// yet.
///
/// @param form the parameters, each once, none empty
/// @param basic what `Authorization: Basic` says
/// @param certificates the chain that the TLS handshake proved the key of, leaf first; empty
///   without mutual TLS
/// @param proof the `DPoP` header
/// @param idempotencyKey the `Idempotency-Key` header
/// @param patience how long the caller would wait for an answer that somebody else has to give
/// @param source the caller's network address, to slow down guessing by
public record Presented(
    Map<String, String> form,
    Optional<Basic> basic,
    List<X509Certificate> certificates,
    Optional<String> proof,
    Optional<String> idempotencyKey,
    Duration patience,
    String source) {
  public Presented {
    form = Map.copyOf(form);
    certificates = List.copyOf(certificates);
  }

  /// A parameter, or empty.
  public Optional<String> parameter(String name) {
    return Optional.ofNullable(form.get(name));
  }

  /// A client's id and secret from the `Authorization` header.
  ///
  /// @spec https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 RFC 6749 §2.3.1
  public record Basic(String id, dev.countersign.protocol.Secret secret) {}
}
