package dev.countersign.server.demo;

import dev.countersign.box.FreePort;
import dev.countersign.server.House;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/// A copy of the refunds example with a recorder before its gateway, its token service and its
/// broker: everybody knows the recorders' addresses alone.
final class TappedExample implements AutoCloseable {
  private static final Pattern PORT = Pattern.compile("\\$\\{([A-Z]+_PORT):[0-9]+}");

  private final Path folder;

  /// Between agents and the gateway.
  private final Tap agents;

  /// Between the token service and everybody.
  private final Tap tokens;

  /// Between the gateway and the broker.
  private final Tap logins;

  /// @param change what a test wants otherwise in the configuration
  TappedExample(Path folder, UnaryOperator<String> change) {
    this.folder = folder;
    int gateway = FreePort.any();
    int sts = FreePort.any();
    int broker = FreePort.any();
    agents = new Tap(gateway);
    tokens = new Tap(sts);
    logins = new Tap(broker);
    try {
      House.copyOfTheExample(folder.resolve("example"));
      String text =
          change
              .apply(Files.readString(config()))
              .replace("port: ${STS_PORT:9401}", "port: " + sts)
              .replace("port: ${GATEWAY_PORT:9403}", behind(gateway, agents))
              .replace("port: ${BROKER_PORT:9402}", behind(broker, logins));
      var given = new HashMap<String, Integer>();
      given.put("STS_PORT", tokens.port());
      given.put("GATEWAY_PORT", agents.port());
      Files.writeString(
          config(),
          PORT.matcher(text)
              .replaceAll(port ->
                  String.valueOf(given.computeIfAbsent(port.group(1), _ -> FreePort.any()))));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static String behind(int port, Tap tap) {
    return "port: %d\n  address: http://127.0.0.1:%d".formatted(port, tap.port());
  }

  /// Starts the installation.
  House open(InstantSource clock, Map<String, String> variables) {
    var all = new HashMap<>(variables);
    all.put("COUNTERSIGN_DATA", data().toString());
    return House.open(config(), all, clock, _ -> {});
  }

  Path config() {
    return folder.resolve("example").resolve("countersign.yaml");
  }

  Path data() {
    return folder.resolve("data");
  }

  Tap agents() {
    return agents;
  }

  Tap tokens() {
    return tokens;
  }

  Tap logins() {
    return logins;
  }

  @Override
  public void close() {
    agents.close();
    tokens.close();
    logins.close();
  }
}
