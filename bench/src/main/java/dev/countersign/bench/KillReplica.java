package dev.countersign.bench;

import dev.countersign.box.Logs;
import dev.countersign.server.House;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/// One replica of the kill benchmark: all boxes, in a process of their own.
final class KillReplica {
  private KillReplica() {}

  /// Serves, and ends with the process that started it.
  ///
  /// @param arguments configuration, then `NAME=value` for its variables
  public static void main(String[] arguments) throws Exception {
    Logs.configure(Logs.Format.HUMAN);
    var variables = new HashMap<String, String>();
    for (int i = 1; i < arguments.length; i++) {
      String[] pair = arguments[i].split("=", 2);
      variables.put(pair[0], pair[1]);
    }
    House house =
        House.open(Path.of(arguments[0]), Map.copyOf(variables), InstantSource.system(), _ -> {});
    ChildProcess.serveUntilParentIsGone(house.installation().sts().issuer(), house);
  }
}
