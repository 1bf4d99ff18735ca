package dev.countersign.broker;

/// A workload that has proven itself.
///
/// @param name as the configuration knows it
/// @param keyThumbprint the RFC 7638 thumbprint of the key that it proved with DPoP, or empty
/// @param certificateThumbprint the `x5t#S256` of the certificate that it proved with TLS, or empty
public record Presenter(String name, String keyThumbprint, String certificateThumbprint) {

  /// A workload that proved itself without a key that tokens can be bound to.
  public static Presenter named(String name) {
    return new Presenter(name, "", "");
  }
}
