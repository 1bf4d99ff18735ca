package dev.countersign.box;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.security.SecureRandom;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Ports of the loopback address that can be named before something listens there.
///
/// The system hands out the ports of its ephemeral range (RFC 6335 section 6) to outgoing
/// connections. A port found free by binding port 0 lies in that range, so a connection of anybody
/// may take it before the server listens. These lie below it, and no two calls in one process get
/// the same one. Where a server can bind port 0 and tell what it got, that is better still.
public final class FreePort {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int LOWEST = 20_000;
  private static final int COUNT = 12_000;
  private static final int ATTEMPTS = 1_000;
  private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

  private FreePort() {}

  /// A port at which nobody listens now, between 20000 and 31999.
  ///
  /// @throws IllegalStateException where none was found
  public static int any() {
    for (int i = 0; i < ATTEMPTS; i++) {
      int port = LOWEST + RANDOM.nextInt(COUNT);
      if (isFree(port) && GIVEN.add(port)) {
        return port;
      }
    }
    throw new IllegalStateException("no free port on the loopback address");
  }

  /// Whether a server could listen there now.
  public static boolean isFree(int port) {
    try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }
}
