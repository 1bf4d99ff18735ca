package dev.countersign.server.prove;

import dev.countersign.ledger.LedgerRecord;
import dev.countersign.ledger.postgres.PgLedgerReader;
import dev.countersign.protocol.Ids;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// One run: plays every property, then looks up what the ledger says of each attack.
public final class Proof {
  private final Report.Installation installation;
  private final Optional<PgLedgerReader> ledger;
  private final InstantSource clock;
  private final Consumer<Report.Proved> told;

  /// @param ledger where it can be read from here
  /// @param told each property as soon as it was played
  public Proof(
      Report.Installation installation,
      Optional<PgLedgerReader> ledger,
      InstantSource clock,
      Consumer<Report.Proved> told) {
    this.installation = installation;
    this.ledger = ledger;
    this.clock = clock;
    this.told = told;
  }

  public Report run(List<Property> properties) {
    Instant began = clock.instant();
    var played = new ArrayList<Report.Proved>();
    for (Property property : properties) {
      var scene = new Scene(played.stream().flatMap(one -> one.trials().stream()).toList());
      try {
        property.attacks().play(scene);
      } catch (RuntimeException broken) {
        scene.refused(
            "",
            "",
            "playing the attacks to their end",
            "every attack is played",
            () -> new Scene.Seen(false, Answers.shown(String.valueOf(broken.getMessage()))));
      }
      var proved =
          new Report.Proved(property.name(), property.claim(), property.threat(), scene.trials());
      played.add(proved);
      told.accept(proved);
    }
    return new Report(
        Ids.random(), began, clock.instant(), installation, withEvidence(played, began));
  }

  private List<Report.Proved> withEvidence(List<Report.Proved> played, Instant began) {
    if (ledger.isEmpty()) {
      return played;
    }
    Map<String, List<Trial.Evidence>> byTrace = new HashMap<>();
    for (LedgerRecord record : ledger.get().since(began)) {
      byTrace
          .computeIfAbsent(record.traceId(), _ -> new ArrayList<>())
          .add(new Trial.Evidence(record.id(), record.event(), record.jti()));
    }
    return played.stream()
        .map(property ->
            new Report.Proved(
                property.name(),
                property.claim(),
                property.threat(),
                property.trials().stream()
                    .map(trial -> trial.with(byTrace.getOrDefault(trial.traceId(), List.of())))
                    .toList()))
        .toList();
  }
}
