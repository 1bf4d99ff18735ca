package dev.countersign.bench;

import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.idp.Person;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.House;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The chat of a running installation, opened by a person in Chromium again and again: what
/// Lighthouse looks at, measured by `counterparts/js/chat-speed.mjs` over loopback.
final class ChatBench {
  private static final String PROVIDER = "Contoso (Entra-shaped)";
  private static final double FIRST_PAINT_MS = 300;
  private static final double WHOLE_PAGE_KB = 150;
  private static final double SHIFT = 0.1;

  private final int rounds;

  ChatBench(int rounds) {
    this.rounds = rounds;
  }

  Report run(Path home) throws IOException, InterruptedException {
    Fetched fetched = Fetched.by(home, "browser");
    Path data = Files.createTempDirectory("countersign-bench-");
    try (House house = House.rehearsal(data, InstantSource.system())) {
      return report(measured(fetched, home, house));
    } finally {
      EmbeddedPostgres.delete(data); // as root the cluster lies elsewhere
      try (Stream<Path> files = Files.walk(data)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private ObjectNode measured(Fetched fetched, Path home, House house)
      throws IOException, InterruptedException {
    Person person = house.installation().development().entra().orElseThrow().people().getFirst();
    Path packages = fetched.program("js").toRealPath();
    ObjectNode setting = StrictJson.object().put("rounds", rounds).put("provider", PROVIDER);
    setting.put("chromium", fetched.program("chromium").toRealPath().toString());
    setting.put("address", house.console().orElseThrow().baseUri().toString());
    setting.put("user", person.username()).put("password", person.password().reveal());
    // Beside its packages, as Node.js looks for them from where a script lies.
    Path script = Files.createTempFile(packages, "script", ".mjs");
    try {
      Files.copy(
          home.resolve(Path.of("counterparts", "js", "chat-speed.mjs")),
          script,
          StandardCopyOption.REPLACE_EXISTING);
      Process node =
          new ProcessBuilder(fetched.program("node").toRealPath().toString(), script.toString())
              .redirectErrorStream(true)
              .start();
      try (var tell = node.outputWriter(StandardCharsets.UTF_8)) {
        tell.write(StrictJson.write(setting));
      }
      String said = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (node.waitFor() != 0) {
        throw new IOException("the browser failed: " + said.strip());
      }
      return StrictJson.parseObject(said);
    } finally {
      Files.deleteIfExists(script);
    }
  }

  private static Report report(ObjectNode measured) {
    var figures = new ArrayList<Figure>();
    figures.add(
        Figure.of(
            "first paint, nothing cached, median",
            median(measured.path("cold")),
            "ms",
            FIRST_PAINT_MS));
    figures.add(
        Figure.of(
            "first paint, opened again, median",
            median(measured.path("warm")),
            "ms",
            FIRST_PAINT_MS));
    figures.add(
        Figure.of("largest paint, nothing cached, median", median(measured.path("largest")), "ms"));
    figures.add(
        Figure.of(
            "list of tools there, nothing cached, median", median(measured.path("tools")), "ms"));
    figures.add(Figure.of("layout shift, worst", measured.path("shift").asDouble(0), "", SHIFT));
    figures.add(
        Figure.of(
            "whole page, uncompressed",
            measured.path("bytes").asDouble(0) / 1000,
            "kB",
            WHOLE_PAGE_KB));
    figures.add(Figure.of("requests", measured.path("requests").asDouble(0), ""));
    for (String none :
        List.of(
            "requests to other origins",
            "errors on the console",
            "findings of axe of any weight",
            "targets under 24 pixels",
            "marks that a page must have, missing")) {
      figures.add(Figure.of(none, measured.path(none).asDouble(0), "", 0));
    }
    return new Report("chat", figures);
  }

  private static double median(JsonNode values) {
    List<Double> sorted = values.valueStream().map(value -> value.asDouble(0)).sorted().toList();
    return sorted.get(sorted.size() / 2);
  }
}
