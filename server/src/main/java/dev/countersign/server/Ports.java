package dev.countersign.server;

import dev.countersign.box.FreePort;
import java.util.HashMap;
import java.util.Map;
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
    USUAL.forEach((name, usual) -> {
      int port = FreePort.isFree(usual) ? usual : FreePort.any();
      if (port != usual) {
        remark.accept("  port " + usual + " is in use; taking " + port + " instead");
      }
      chosen.put(name, String.valueOf(port));
    });
    return chosen;
  }

  /// Free ports only, so that several installations fit on one machine.
  static Map<String, String> anyFree() {
    var chosen = new HashMap<String, String>();
    for (String name : USUAL.keySet()) {
      chosen.put(name, String.valueOf(FreePort.any()));
    }
    return chosen;
  }
}
