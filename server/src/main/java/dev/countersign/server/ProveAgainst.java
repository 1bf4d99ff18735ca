package dev.countersign.server;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.KeyFiles;
import dev.countersign.config.ConfigFile;
import dev.countersign.config.ConfigSection;
import dev.countersign.config.Problems;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.prove.Report;
import dev.countersign.server.prove.Tenant;
import dev.countersign.server.prove.Workload;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/// The file of `prove --against`: an installation that is somewhere else, as somebody outside of it
/// knows it.
///
/// @param signingKey signs the report
record ProveAgainst(Tenant tenant, Report.Installation installation, Path signingKey) {
  private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

  /// Reads it.
  ///
  /// @throws dev.countersign.config.ConfigException telling every problem at once
  static ProveAgainst read(Path file, WireClient wire, InstantSource clock) {
    var problems = new Problems();
    ConfigSection root = ConfigFile.read(file, Map.of(), problems);
    URI sts = root.uri("sts");
    URI broker = root.uri("broker");
    URI gateway = root.uri("gateway");
    URI transmitter = root.optionalUri("transmitter").orElse(sts);
    String database = root.text("database");
    String role = root.text("role");
    String otherRole = root.text("other-role");
    String audience = root.text("audience");
    String otherAudience = root.text("other-audience");
    String scope = root.text("scope");
    String tokenType = root.text("token-type");
    String tool = root.optionalText("tool").orElse("");
    Secret bearer = root.secret("bearer");
    Duration killGoal = root.duration("kill-goal", TEN_SECONDS);
    Taken client = taken(root.section("client"));
    Taken outsider = taken(root.section("outsider"));
    Optional<Taken> operator = root.optionalSection("operator").map(ProveAgainst::taken);
    Path signingKey = root.path("signing-key");
    root.done();
    problems.throwIfAny();
    Tenant tenant =
        new Tenant(
            sts,
            broker,
            gateway,
            transmitter,
            database,
            role,
            otherRole,
            audience,
            otherAudience,
            scope,
            tokenType,
            client.workload(wire, sts, broker, clock),
            outsider.workload(wire, sts, broker, clock),
            operator.map(one -> one.workload(wire, sts, broker, clock)),
            bearer,
            "",
            "",
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            tool,
            killGoal);
    return new ProveAgainst(
        tenant,
        new Report.Installation(
            sts.toString(), broker.toString(), gateway.toString(), Countersign.VERSION, "", ""),
        signingKey);
  }

  private static Taken taken(ConfigSection section) {
    String name = section.text("name");
    Path key = section.path("key");
    section.done();
    if (!Files.isRegularFile(key)) {
      section.problem("key", "there is no private JWK at " + key);
    }
    return new Taken(name, key);
  }

  /// A workload by its key's file.
  private record Taken(String name, Path key) {
    Workload workload(WireClient wire, URI sts, URI broker, InstantSource clock) {
      ECKey own = KeyFiles.loadOrCreate(key);
      return new Workload(wire, name, own, sts, broker, clock);
    }
  }
}
