package dev.countersign.protocol;

/// Where an issuer's public keys come from.
@FunctionalInterface
public interface KeySource {

  /// The keys as known now. A source that can refresh does so when `kid` is unknown to it, with a
  /// brake of its own.
  ///
  /// @param kid the key id that a token names, or empty
  /// @throws KeysUnavailableException if there are no keys to go by
  VerificationKeys keys(String kid);

  /// Keys that never change.
  static KeySource of(VerificationKeys keys) {
    return _ -> keys;
  }

  /// An issuer's keys cannot be had now.
  final class KeysUnavailableException extends UnavailableException {
    public KeysUnavailableException(String message) {
      super(message, null);
    }
  }
}
