package dev.countersign.sts;

import java.net.URI;
import java.util.Set;

/// Which addresses configuration may name: `https` anywhere, `http` on the loopback interface only.
public final class Addresses {
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "[::1]", "localhost");

  private Addresses() {}

  /// Whether an address may be named.
  public static boolean isWeb(URI address) {
    return address.getHost() != null
        && address.getRawFragment() == null
        && address.getRawUserInfo() == null
        && ("https".equals(address.getScheme())
            || ("http".equals(address.getScheme()) && isLoopback(address.getHost())));
  }

  static boolean isLoopback(String host) {
    return LOOPBACK.contains(host) || "::1".equals(host);
  }
}
