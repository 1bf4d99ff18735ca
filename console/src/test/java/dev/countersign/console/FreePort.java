package dev.countersign.console;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.security.SecureRandom;

/// A port to listen on that no outgoing connection takes meanwhile: below the ephemeral range.
final class FreePort {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int LOWEST = 20_000;
  private static final int COUNT = 12_000;

  private FreePort() {}

  static int any() {
    for (int i = 0; i < 100; i++) {
      int port = LOWEST + RANDOM.nextInt(COUNT);
      try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException taken) {
        // The next one.
      }
    }
    throw new IllegalStateException("no free port");
  }
}
