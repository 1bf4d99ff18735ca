package dev.countersign.server.config;

import dev.countersign.broker.BrokerConfig;
import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.StsConfig;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Reads the `prove` section: the test tenant that `countersign prove` attacks in.
final class ProveSection {
  private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

  private ProveSection() {}

  static Optional<ProveSettings> read(
      ConfigSection section, StsConfig sts, Optional<BrokerConfig> broker) {
    String client = section.text("client");
    String outsider = section.text("outsider");
    String role = section.text("role");
    String otherRole = section.text("other-role");
    String anchor = section.text("anchor");
    String tool = section.optionalText("tool").orElse("");
    Optional<String> person = section.optionalText("person");
    String secondPerson = section.optionalText("second-person").orElse("");
    Optional<Secret> bearer = section.optionalSecret("bearer");
    Duration killGoal = section.duration("kill-goal", TEN_SECONDS);
    section.done();
    for (String name : List.of(client, outsider)) {
      if (sts.clients().stream().noneMatch(known -> known.id().equals(name))) {
        section.problem("client", "and outsider must be names under sts.clients");
      }
    }
    if (client.equals(outsider)) {
      section.problem("outsider", "must be another workload than client");
    }
    if (sts.anchors().stream().noneMatch(known -> known.name().equals(anchor))) {
      section.problem("anchor", "must be a name under sts.anchors");
    }
    for (String name : List.of(role, otherRole)) {
      if (broker
          .filter(config -> config.roles().stream().noneMatch(known -> known.name().equals(name)))
          .isPresent()) {
        section.problem("role", "and other-role must be names under broker.roles");
      }
    }
    if (person.isPresent() == bearer.isPresent()) {
      section.problem(
          "person",
          "name a person of the development providers, or a `bearer` of a test person at your own");
    }
    return Optional.of(
        new ProveSettings(
            client,
            outsider,
            role,
            otherRole,
            anchor,
            person.orElse(""),
            secondPerson,
            bearer,
            tool,
            killGoal));
  }
}
