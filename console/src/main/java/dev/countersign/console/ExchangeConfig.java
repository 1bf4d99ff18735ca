package dev.countersign.console;

import com.nimbusds.jose.jwk.ECKey;
import java.net.URI;

/// The console as a client of the token service: what it needs to exchange people's tokens itself
/// (Pattern B).
public final class ExchangeConfig {
  private final URI issuer;
  private final String client;
  private final ECKey key;

  /// @param issuer the token service
  /// @param client as which the console is registered there
  /// @param key its private key
  public ExchangeConfig(URI issuer, String client, ECKey key) {
    this.issuer = issuer;
    this.client = client;
    this.key = key;
  }

  public URI issuer() {
    return issuer;
  }

  public String client() {
    return client;
  }

  public ECKey key() {
    return key;
  }
}
