package dev.countersign.houserules;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The edges of the POMs: an edge is a permission to know, so a new one is a decision and is
/// written here as well. Why: docs/decisions/0001.
class EdgesTest {
  private static final Map<String, Set<String>> MAY_KNOW =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("protocol", Set.of()),
              Map.entry("config", Set.of("protocol")),
              Map.entry("box", Set.of("protocol")),
              Map.entry("ledger", Set.of("protocol")),
              Map.entry("policy", Set.of("protocol", "config")),
              Map.entry("sts", Set.of("protocol", "box", "policy", "ledger")),
              Map.entry("broker", Set.of("protocol", "box", "ledger")),
              Map.entry("gateway", Set.of("protocol", "config", "box", "ledger")),
              Map.entry("signals", Set.of("protocol", "box", "ledger")),
              Map.entry("agent", Set.of("protocol")),
              Map.entry("langchain4j", Set.of("protocol", "agent")),
              Map.entry("springai", Set.of("protocol", "agent")),
              Map.entry("console", Set.of("protocol", "box", "ledger", "agent")),
              Map.entry("idp", Set.of("protocol", "box")),
              Map.entry(
                  "server",
                  Set.of(
                      "protocol",
                      "config",
                      "box",
                      "ledger",
                      "policy",
                      "sts",
                      "broker",
                      "gateway",
                      "signals",
                      "agent",
                      "console",
                      "idp")),
              Map.entry("bench", Set.of("server")),
              Map.entry("house-rules", Set.of("server", "bench"))));

  static Stream<String> modules() {
    return Pom.modules().stream();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void aModuleKnowsOnlyWhatItMay(String module) {
    var known = new TreeSet<>(Pom.of(module).houseDependencies("compile"));
    known.addAll(Pom.of(module).houseDependencies("runtime"));

    assertThat(MAY_KNOW).as("a new room is a decision: enter it here").containsKey(module);
    assertThat(MAY_KNOW.get(module))
        .as("an edge is a permission to know (docs/decisions/0001)")
        .containsAll(known);
  }

  @ParameterizedTest
  @MethodSource("modules")
  void aModuleSaysInOneSentenceWhatItIs(String module) {
    assertThat(Pom.of(module).description()).hasSizeBetween(10, 120).endsWith(".");
  }

  @Test
  void testsUseNoMockLibrary() {
    var found = new ArrayList<String>();
    for (String module : Pom.modules()) {
      for (String artifact : Pom.of(module).artifacts()) {
        if (List.of("mockito", "easymock", "jmockit", "powermock", "mockk").stream()
            .anyMatch(artifact::contains)) {
          found.add(module + " uses " + artifact);
        }
      }
    }

    assertThat(found)
        .as("ports are small enough for a lambda; outsiders are stood in for on the real wire")
        .isEmpty();
  }

  @Test
  void everyModuleComesFromOurOwnRegistrySettings() {
    var found = new ArrayList<String>();
    for (var file : Repository.files()) {
      if (file.endsWith("pom.xml")
          && Repository.read(file)
              .matches("(?s).*<(repositories|pluginRepositories|distributionManagement)>.*")) {
        found.add(file.toString());
      }
    }

    assertThat(found).as("where artifacts come from is the builder's settings.xml").isEmpty();
  }
}
