package dev.countersign.gateway.tools;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// All tools of one gateway, in the order of their file. Threads may share it.
public final class Tools {
  private final Map<String, Tool> byName = new LinkedHashMap<>();

  /// @throws IllegalArgumentException if two tools have one name
  public Tools(Collection<Tool> tools) {
    for (Tool tool : tools) {
      if (byName.put(tool.name(), tool) != null) {
        throw new IllegalArgumentException("two tools have the name " + tool.name());
      }
    }
  }

  public List<Tool> all() {
    return List.copyOf(byName.values());
  }

  public Optional<Tool> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /// Every scope that some tool asks for.
  public Set<String> scopes() {
    var scopes = new TreeSet<String>();
    all().forEach(tool -> scopes.add(tool.grant().scope()));
    return scopes;
  }

  /// Every type of authorization details that some tool asks for.
  public Set<String> detailTypes() {
    var types = new TreeSet<String>();
    all().forEach(tool -> types.addAll(tool.detailTypes()));
    return types;
  }

  /// Every database that some tool uses.
  public Set<String> databases() {
    var databases = new TreeSet<String>();
    all().forEach(tool -> databases.add(tool.statement().database()));
    return databases;
  }
}
