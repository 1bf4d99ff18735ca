package dev.countersign.broker.vault;

import dev.countersign.broker.BrokerConfig;
import dev.countersign.broker.Roles;
import dev.countersign.broker.vault.DefinitionStore.Kind;
import java.util.Optional;

/// The roles of the configuration file, then those that were written over the wire. Threads may
/// share it.
public final class DefinedRoles implements Roles {
  private final BrokerConfig config;
  private final DefinitionStore store;

  public DefinedRoles(BrokerConfig config, DefinitionStore store) {
    this.config = config;
    this.store = store;
  }

  @Override
  public Optional<BrokerConfig.Role> find(String name) {
    return config
        .role(name)
        .or(() ->
            store
                .find(Kind.ROLE, name)
                .map(definition -> RoleDocument.read(name, definition.document()))
                .filter(this::isAllowed));
  }

  private boolean isAllowed(BrokerConfig.Role role) {
    return config.databases().stream().anyMatch(target -> target.name().equals(role.database()))
        || store
            .find(Kind.DATABASE, role.database())
            .filter(database -> DatabaseDocument.allows(database.document(), role.name()))
            .isPresent();
  }
}
