package dev.countersign.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/// Ports for the refunds example on this machine: the usual ones, and others where those are taken.
final class Ports {
  private static final Map<String, Integer> USUAL =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("STS_PORT", 9401),
              Map.entry("BROKER_PORT", 9402),
              Map.entry("GATEWAY_PORT", 9403),
              Map.entry("TRANSMITTER_PORT", 9404),
              Map.entry("RECEIVER_PORT", 9405),
              Map.entry("CONSOLE_PORT", 9406),
              Map.entry("ENTRA_PORT", 9411),
              Map.entry("OKTA_PORT", 9412),
              Map.entry("SMTP_PORT", 9425),
              Map.entry("MAILS_PORT", 9426),
              Map.entry("MODEL_PORT", 9427)));

  private Ports() {}

  /// A value for each port variable of the example.
  ///
  /// @param remark told where a usual port is taken
  static Map<String, String> choose(Consumer<String> remark) {
    var chosen = new HashMap<String, String>();
    var given = new HashSet<Integer>();
    USUAL.forEach((name, usual) -> {
      int port = isFree(usual) ? usual : anyFree(given);
      if (port != usual) {
        remark.accept("  port " + usual + " is in use; taking " + port + " instead");
      }
      given.add(port);
      chosen.put(name, String.valueOf(port));
    });
    return chosen;
  }

  /// Free ports only, so that several installations fit on one machine.
  static Map<String, String> anyFree() {
    var chosen = new HashMap<String, String>();
    var given = new HashSet<Integer>();
    for (String name : USUAL.keySet()) {
      int port = anyFree(given);
      given.add(port);
      chosen.put(name, String.valueOf(port));
    }
    return chosen;
  }

  private static boolean isFree(int port) {
    try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }

  private static int anyFree(Set<Integer> given) {
    for (int attempt = 0; attempt < 50; attempt++) {
      try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        if (!given.contains(socket.getLocalPort())) {
          return socket.getLocalPort();
        }
      } catch (IOException none) {
        throw new IllegalStateException("no free port on the loopback address", none);
      }
    }
    throw new IllegalStateException("no free port on the loopback address");
  }
}
