package dev.countersign.gateway.upstream;

import dev.countersign.gateway.tools.Credential;
import dev.countersign.gateway.tools.ForeignTools;
import dev.countersign.gateway.tools.Mapping;
import dev.countersign.gateway.tools.Server;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.gateway.tools.Toolbox;
import dev.countersign.gateway.tools.Tools;
import dev.countersign.gateway.tools.Work;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.StrictJson;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Our own tools and those of the servers behind us whose definitions are approved and unchanged. A
/// tool that is new or has changed is not there until an operator has approved it. Threads may
/// share it.
public final class Catalog implements Toolbox {
  private final Tools own;
  private final Map<String, Behind> behind = new LinkedHashMap<>();
  private final Pins pins;
  private final Ledger ledger;
  private final InstantSource clock;
  private final Map<String, Seen> seen = new ConcurrentHashMap<>();
  private final Map<String, Optional<Tool>> made = new ConcurrentHashMap<>();
  private volatile Map<String, Map<String, Definition>> approved = Map.of();
  private volatile Tools snapshot;

  private record Behind(Server server, Dialogue dialogue, ReentrantLock look) {}

  /// What a server listed, and when.
  private record Seen(Map<String, Definition> tools, Instant at) {}

  public Catalog(
      Tools own, Map<String, Dialogue> dialogues, Pins pins, Ledger ledger, InstantSource clock) {
    this.own = own;
    this.snapshot = own;
    this.pins = pins;
    this.ledger = ledger;
    this.clock = clock;
    for (Server server : own.servers()) {
      Dialogue dialogue = Objects.requireNonNull(dialogues.get(server.name()));
      behind.put(server.name(), new Behind(server, dialogue, new ReentrantLock()));
    }
  }

  @Override
  public Tools tools() {
    return snapshot;
  }

  List<Server> servers() {
    return own.servers();
  }

  Dialogue dialogue(String server) {
    return behind(server).dialogue;
  }

  Server server(String name) {
    return behind(name).server;
  }

  private Behind behind(String server) {
    return Objects.requireNonNull(behind.get(server));
  }

  /// Whether a server's tools are due to be looked at.
  boolean isDue(Server server) {
    @Nullable Seen last = seen.get(server.name());
    return last == null || !clock.instant().isBefore(last.at.plus(server.recheck()));
  }

  /// Reads again what is approved.
  ///
  /// @throws dev.countersign.protocol.UnavailableException if nobody can tell
  void readApprovals() {
    var found = new HashMap<String, Map<String, Definition>>();
    for (Pins.Pin pin : pins.all()) {
      pin.approved()
          .ifPresent(definition ->
              found
                  .computeIfAbsent(pin.server(), _ -> new HashMap<>())
                  .put(pin.tool(), definition));
    }
    approved = found;
    rebuild();
  }

  /// Asks a server for its tools and notes what it lists.
  ///
  /// @throws UpstreamFailure if it does not tell
  void look(Server server, South south) {
    Behind asked = behind(server.name());
    asked.look.lock();
    try {
      var listed = new LinkedHashMap<String, Definition>();
      for (var json : asked.dialogue.tools(south)) {
        Definition definition = Definition.of(json);
        if (listed.put(definition.name(), definition) != null) {
          throw new UpstreamFailure(
              UpstreamFailure.Kind.PROTOCOL, "two of its tools have one name");
        }
      }
      for (String changed : pins.note(server.name(), listed.values())) {
        report(server, changed, Optional.ofNullable(listed.get(changed)));
      }
      seen.put(server.name(), new Seen(Map.copyOf(listed), clock.instant()));
    } finally {
      asked.look.unlock();
    }
    readApprovals();
  }

  private void report(Server server, String tool, Optional<Definition> definition) {
    boolean isApproved =
        definition
            .map(Definition::digest)
            .equals(Optional.ofNullable(approved(server, tool)).map(Definition::digest));
    if (!isApproved && server.mappings().containsKey(tool)) {
      var data = StrictJson.object().put("server", server.name()).put("tool", tool);
      data.put("digest", definition.map(Definition::digest).orElse(""));
      ledger.append(new LedgerEntry(LedgerEvent.TOOL_QUARANTINED, "", "", data));
    }
  }

  /// The credential with which a server is asked for its list.
  static South forLists(Server server) {
    return server
        .listToken()
        .map(South::bearer)
        .orElseGet(() ->
            server.credential() instanceof Credential.Vendor(var token, var variable)
                    && variable.isEmpty()
                ? South.bearer(token)
                : South.NOTHING);
  }

  /// Whether the tool that is about to be called is still the approved one. What we know may be as
  /// old as the server's `recheck`; if it is older, the server is asked now.
  ///
  /// @param south the call's own credential, for servers that list only to those who have one
  /// @throws UpstreamFailure if the server does not tell
  boolean isApproved(Work.Forward work, South south) {
    Server server = server(work.server());
    if (isDue(server)) {
      look(server, server.listToken().isPresent() ? forLists(server) : south);
    }
    @Nullable Seen last = seen.get(server.name());
    @Nullable Definition listed = last == null ? null : last.tools.get(work.tool());
    @Nullable Definition pinned = approved(server, work.tool());
    return listed != null && pinned != null && listed.digest().equals(pinned.digest());
  }

  private @Nullable Definition approved(Server server, String tool) {
    return approved.getOrDefault(server.name(), Map.of()).get(tool);
  }

  private synchronized void rebuild() {
    var all = new ArrayList<Tool>(own.all());
    for (Server server : own.servers()) {
      @Nullable Seen last = seen.get(server.name());
      server
          .mappings()
          .forEach((name, mapping) -> {
            @Nullable Definition pinned = approved(server, name);
            @Nullable Definition listed = last == null ? pinned : last.tools.get(name);
            if (pinned != null && listed != null && listed.digest().equals(pinned.digest())) {
              made(server, name, mapping, pinned).ifPresent(all::add);
            }
          });
    }
    // The same object while the list is the same: that is how a change is noticed.
    if (!all.equals(snapshot.all())) {
      snapshot = new Tools(all, own.servers(), own.material());
    }
  }

  private Optional<Tool> made(Server server, String name, Mapping mapping, Definition definition) {
    return made.computeIfAbsent(
        server.name() + " " + name + " " + definition.digest(),
        _ -> make(server, name, mapping, definition));
  }

  private static Optional<Tool> make(
      Server server, String name, Mapping mapping, Definition definition) {
    return definition.objections().isEmpty()
            && ForeignTools.make(server, name, mapping, definition.json())
                instanceof ForeignTools.Made.Usable(Tool tool)
        ? Optional.of(tool)
        : Optional.empty();
  }
}
