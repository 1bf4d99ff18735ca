package dev.countersign.broker.vault;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Seal;
import dev.countersign.broker.Engine;
import dev.countersign.broker.Engines;
import dev.countersign.broker.vault.DefinitionStore.Definition;
import dev.countersign.broker.vault.DefinitionStore.Kind;
import dev.countersign.protocol.Secret;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;

/// The engines of the configuration file, then those of databases that were written over the wire;
/// the latter are opened when first asked for and anew when they were written again. Threads may
/// share it.
public final class DefinedEngines implements Engines, AutoCloseable {
  private final Map<String, Engine> fixed;
  private final DefinitionStore store;
  private final Optional<Seal> seal;
  private final BiFunction<String, DatabaseSettings, Opened> open;
  private final Map<String, Versioned> opened = new HashMap<>();

  /// @param seal opens passwords
  /// @param open opens the engine of a database by its name
  public DefinedEngines(
      Map<String, Engine> fixed,
      DefinitionStore store,
      Optional<Seal> seal,
      BiFunction<String, DatabaseSettings, Opened> open) {
    this.fixed = Map.copyOf(fixed);
    this.store = store;
    this.seal = seal;
    this.open = open;
  }

  @Override
  public Optional<Engine> find(String database) {
    Engine known = fixed.get(database);
    return known != null
        ? Optional.of(known)
        : store.find(Kind.DATABASE, database).map(definition -> engine(database, definition));
  }

  @Override
  public Map<String, Engine> all() {
    var all = new HashMap<String, Engine>(fixed);
    List<String> names = store.names(Kind.DATABASE);
    retireAllBut(names);
    for (String name : names) {
      find(name).ifPresent(engine -> all.putIfAbsent(name, engine));
    }
    return all;
  }

  private synchronized Engine engine(String name, Definition definition) {
    Versioned before = opened.get(name);
    if (before != null && before.version == definition.version()) {
      return before.opened.engine();
    }
    Secret password =
        new Secret(
            seal.orElseThrow(() ->
                    new IllegalStateException(
                        "broker.seal-key is needed: it closed the passwords of databases that were"
                            + " written over the wire"))
                .open(definition.sealed(), name));
    Opened fresh = open.apply(name, DatabaseDocument.settings(definition.document(), password));
    opened.put(name, new Versioned(definition.version(), fresh));
    if (before != null) {
      before.opened.retire().run();
    }
    return fresh.engine();
  }

  private synchronized void retireAllBut(List<String> names) {
    for (String gone : Set.copyOf(opened.keySet())) {
      if (!names.contains(gone)) {
        Versioned removed = opened.remove(gone);
        if (removed != null) {
          removed.opened.retire().run();
        }
      }
    }
  }

  @Override
  public synchronized void close() {
    opened.values().forEach(each -> each.opened.close().run());
    opened.clear();
  }

  /// An engine and how it ends.
  ///
  /// @param retire lets it go once requests that use it are over
  /// @param close lets it go now
  public record Opened(Engine engine, Runnable retire, Runnable close) {}

  private record Versioned(long version, Opened opened) {}
}
