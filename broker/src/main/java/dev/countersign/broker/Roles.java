package dev.countersign.broker;

import java.util.List;
import java.util.Optional;

/// What tokens can be turned into, by name. Threads may share it.
@FunctionalInterface
public interface Roles {

  /// The role of this name, compared as a whole.
  Optional<BrokerConfig.Role> find(String name);

  /// Roles that never change.
  static Roles of(List<BrokerConfig.Role> roles) {
    List<BrokerConfig.Role> fixed = List.copyOf(roles);
    return name -> fixed.stream().filter(role -> role.name().equals(name)).findFirst();
  }
}
