package dev.countersign.signals.act;

import com.nimbusds.jose.jwk.JWK;
import java.util.List;

/// The transmitter's public keys.
@FunctionalInterface
public interface TransmitterKeys {

  /// The keys with this id; a source that can refresh does so when it knows none.
  ///
  /// @throws dev.countersign.protocol.KeySource.KeysUnavailableException if there are no keys to go
  ///   by
  List<JWK> keys(String kid);
}
