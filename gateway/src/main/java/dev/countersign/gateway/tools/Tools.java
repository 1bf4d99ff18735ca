package dev.countersign.gateway.tools;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// All tools of one gateway, in the order of their file. Threads may share it.
public final class Tools implements Toolbox {
  private final Map<String, Tool> byName = new LinkedHashMap<>();
  private final List<Server> servers;
  private final Material material;

  /// @throws IllegalArgumentException if two tools have one name
  public Tools(Collection<Tool> tools, Collection<Server> servers, Material material) {
    this.servers = List.copyOf(servers);
    this.material = material;
    for (Tool tool : tools) {
      if (byName.put(tool.name(), tool) != null) {
        throw new IllegalArgumentException("two tools have the name " + tool.name());
      }
    }
  }

  public List<Tool> all() {
    return List.copyOf(byName.values());
  }

  /// Resources and prompts.
  public Material material() {
    return material;
  }

  /// The servers behind the gateway, whose mapped tools are added as far as they are approved.
  public List<Server> servers() {
    return servers;
  }

  @Override
  public Tools tools() {
    return this;
  }

  /// Whether one of the servers can only be called after an exchange of our own: an agent's token
  /// is for this gateway, and its single use is kept by the broker, which only a login involves.
  public boolean needsExchange() {
    return servers.stream().anyMatch(server -> !(server.credential() instanceof Credential.Login));
  }

  /// Whether a tool looks at a record first, which takes an exchange of our own.
  public boolean hasProbe() {
    return all().stream().anyMatch(tool -> tool.elevation().isPresent());
  }

  @Override
  public Optional<Tool> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /// Every scope that some tool asks for.
  public Set<String> scopes() {
    var scopes = new TreeSet<String>();
    for (Tool tool : all()) {
      scopes.add(tool.grant().scope());
      tool.elevation()
          .ifPresent(more -> {
            scopes.add(more.probe().grant().scope());
            scopes.add(more.elevated().grant().scope());
          });
    }
    material.calls().forEach(call -> scopes.add(call.grant().scope()));
    servers.forEach(server -> server.mappings().values().forEach(m -> scopes.add(m.scope())));
    return scopes;
  }

  /// Every type of authorization details that some tool asks for.
  public Set<String> detailTypes() {
    var types = new TreeSet<String>();
    all().forEach(tool -> types.addAll(tool.detailTypes()));
    material.calls().forEach(call -> types.addAll(call.detailTypes()));
    for (Server server : servers) {
      for (Mapping mapping : server.mappings().values()) {
        mapping.rar().forEach(element -> types.add(element.path("type").asString("")));
      }
    }
    return types;
  }

  /// Every database that some tool uses.
  public Set<String> databases() {
    var databases = new TreeSet<String>();
    for (Tool tool : all()) {
      if (tool.work() instanceof Work.Sql(_, Statement statement, _)) {
        databases.add(statement.database());
      }
    }
    return databases;
  }
}
