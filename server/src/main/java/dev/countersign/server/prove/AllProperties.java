package dev.countersign.server.prove;

import dev.countersign.config.ConfigException;
import dev.countersign.protocol.http.WireClient;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/// Every property, in the order in which they are played.
public final class AllProperties {
  private AllProperties() {}

  /// The properties of a tenant.
  ///
  /// @param only names; empty for all
  /// @throws ConfigException if there is none of a name
  public static List<Property> of(
      Tenant tenant, WireClient wire, InstantSource clock, List<String> only) {
    var login = new LoginAttacks(tenant);
    var all = new ArrayList<Property>();
    all.add(login.exactness());
    all.add(new TokenAttacks(tenant, wire, clock).property());
    List<String> names = all.stream().map(Property::name).toList();
    List<String> unknown = only.stream().filter(name -> !names.contains(name)).toList();
    if (!unknown.isEmpty()) {
      throw new ConfigException(
          List.of("there is no property " + unknown + "; there are " + names));
    }
    return all.stream().filter(one -> only.isEmpty() || only.contains(one.name())).toList();
  }
}
