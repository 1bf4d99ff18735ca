package dev.countersign.server;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.config.ConfigException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.config.Installation;
import dev.countersign.server.config.ProveSettings;
import dev.countersign.server.demo.DevelopmentApprover;
import dev.countersign.server.demo.DevelopmentSignIn;
import dev.countersign.server.prove.Approver;
import dev.countersign.server.prove.Inside;
import dev.countersign.server.prove.Tenant;
import dev.countersign.server.prove.Workload;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.clients.Client;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Finds the test tenant of an installation whose configuration and keys are here.
final class ProveTenant {
  private ProveTenant() {}

  /// Signs the test person in, where it is one of the development providers.
  ///
  /// @throws ConfigException telling what is missing
  static Tenant of(
      Installation installation, Optional<Inside> inside, WireClient wire, InstantSource clock) {
    ProveSettings prove = installation.prove().orElseThrow(ProveCommand::noTenant);
    BrokerConfig broker =
        installation
            .broker()
            .orElseThrow(() -> new ConfigException(List.of(Installation.NO_BROKER)));
    BrokerConfig.Role role = role(broker, prove.role());
    BrokerConfig.Role other = role(broker, prove.otherRole());
    Client client =
        installation.sts().clients().stream()
            .filter(known -> known.id().equals(prove.client()))
            .findFirst()
            .orElseThrow();
    Anchor anchor =
        installation.sts().anchors().stream()
            .filter(known -> known.name().equals(prove.anchor()))
            .findFirst()
            .orElseThrow();
    URI sts = installation.sts().issuer();
    Path keys = installation.data().resolve("keys");
    return new Tenant(
        sts,
        broker.baseUri(),
        installation.gateway().resource(),
        installation.sts().transmitter(),
        Objects.requireNonNull(installation.gateway().databases().get(role.database())),
        prove.role(),
        prove.otherRole(),
        role.access().audience(),
        other.access().audience(),
        client.scopes().stream().sorted().findFirst().orElse(""),
        anchor.tokenType(),
        new Workload(wire, prove.client(), key(keys, prove.client()), sts, broker.baseUri(), clock),
        new Workload(
            wire, prove.outsider(), key(keys, prove.outsider()), sts, broker.baseUri(), clock),
        operator(installation, wire, keys, clock),
        bearer(installation, prove),
        prove.person(),
        prove.secondPerson(),
        prove.secondPerson().isEmpty()
            ? Optional.empty()
            : Optional.of(signedIn(installation, prove.anchor(), prove.secondPerson())),
        approver(installation, prove),
        inside,
        prove.tool(),
        prove.killGoal());
  }

  private static BrokerConfig.Role role(BrokerConfig broker, String name) {
    return broker.roles().stream()
        .filter(known -> known.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static ECKey key(Path folder, String workload) {
    Path file = folder.resolve(workload + ".jwk");
    if (!Files.isRegularFile(file)) {
      throw new ConfigException(
          List.of("the private key of the workload `" + workload + "` must be at " + file));
    }
    return KeyFiles.loadOrCreate(file);
  }

  private static Optional<Workload> operator(
      Installation installation, WireClient wire, Path keys, InstantSource clock) {
    return installation.sts().operators().keySet().stream()
        .filter(name -> Files.isRegularFile(keys.resolve(name + ".jwk")))
        .sorted()
        .findFirst()
        .map(name ->
            new Workload(
                wire,
                name,
                key(keys, name),
                installation.sts().issuer(),
                installation.broker().orElseThrow().baseUri(),
                clock));
  }

  private static Secret bearer(Installation installation, ProveSettings prove) {
    return prove.bearer().orElseGet(() -> signedIn(installation, prove.anchor(), prove.person()));
  }

  private static Secret signedIn(Installation installation, String anchor, String person) {
    if (installation.development().entra().isEmpty()
        || installation.development().okta().isEmpty()) {
      throw new ConfigException(
          List.of("prove.person needs both development providers; name a prove.bearer"));
    }
    return DevelopmentSignIn.anyone(installation, anchor, person);
  }

  private static Optional<Approver> approver(Installation installation, ProveSettings prove) {
    if (prove.person().isEmpty() || installation.development().mail().isEmpty()) {
      return Optional.empty();
    }
    int port = installation.development().mail().get().pagePort();
    return Optional.of(
        new DevelopmentApprover(
            URI.create("http://127.0.0.1:" + port + "/"),
            prove.anchor(),
            DevelopmentSignIn.password(installation, prove.anchor())));
  }
}
