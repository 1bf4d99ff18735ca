package dev.countersign.server.prove;

import dev.countersign.config.ConfigException;
import dev.countersign.protocol.http.WireClient;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Every property, in the order in which they are played.
public final class AllProperties {
  private AllProperties() {}

  /// The properties of a tenant.
  ///
  /// @param copies starts a copy of the program, for attacks that take something away
  /// @param only names; empty for all
  /// @throws ConfigException if there is none of a name
  public static List<Property> of(
      Tenant tenant,
      Supplier<Optional<Copy>> copies,
      WireClient wire,
      InstantSource clock,
      List<String> only) {
    var login = new LoginAttacks(tenant);
    var all = new ArrayList<Property>();
    var access = new AccessAttacks(tenant, wire, login);
    var audit = new AuditChecks(tenant, clock.instant());
    var tokens = new TokenAttacks(tenant, wire, clock);
    all.add(access.authorized());
    all.add(access.standing());
    all.add(access.context());
    all.add(login.exactness());
    all.add(login.mortality());
    all.add(new StepUpAttacks(tenant).property());
    all.add(new LimitAttacks(tenant).property());
    all.add(new ServerAttacks(tenant).property());
    all.add(new SeparationAttacks(tenant, wire, clock).property());
    all.add(new FaultAttacks(copies).property());
    all.add(tokens.property());
    all.add(audit.completeness());
    all.add(new KillAttack(tenant, wire, login).property());
    all.add(audit.tamperEvidence());
    List<String> names = all.stream().map(Property::name).toList();
    List<String> unknown = only.stream().filter(name -> !names.contains(name)).toList();
    if (!unknown.isEmpty()) {
      throw new ConfigException(
          List.of("there is no property " + unknown + "; there are " + names));
    }
    return all.stream().filter(one -> only.isEmpty() || only.contains(one.name())).toList();
  }
}
