package dev.countersign.server.config;

import dev.countersign.box.IssuerKeys;
import dev.countersign.broker.BrokerConfig;
import dev.countersign.config.ConfigSection;
import dev.countersign.gateway.Anchor;
import dev.countersign.gateway.Emitter;
import dev.countersign.gateway.GatewayConfig;
import dev.countersign.protocol.AntennaIngest;
import dev.countersign.protocol.SpiffeId;
import dev.countersign.sts.StsConfig;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Reads the `gateway` section. Its anchors are those of the token service.
final class GatewaySection {
  private static final String WORKLOAD = "gateway";

  private GatewaySection() {}

  static Optional<GatewayConfig> read(
      ConfigSection gateway, StsConfig sts, Optional<BrokerConfig> broker, Set<String> sources) {
    var listener = Sections.listener(gateway);
    URI address = Sections.address(gateway, listener);
    GatewayConfig.Mode mode = mode(gateway);
    var databases = new TreeMap<String, String>();
    broker.stream()
        .flatMap(config -> config.databases().stream())
        .forEach(target -> databases.put(target.name(), target.mint().url()));
    gateway
        .named("databases")
        .forEach((name, section) -> {
          databases.put(name, section.text("url"));
          section.done();
        });
    Optional<GatewayConfig.VaultAddress> vault =
        gateway.optionalSection("vault").flatMap(GatewaySection::vault);
    List<String> origins = gateway.texts("origins");
    List<String> hosts = gateway.texts("hosts");
    int maxBody = (int) gateway.integer("max-body-bytes", 256 * 1024L);
    int calls = (int) gateway.integer("calls-per-person", 32L);
    Optional<Emitter> emitter =
        gateway
            .optionalSection("kill-after-blocked")
            .flatMap(section -> emitter(section, sts.transmitter(), sources));
    boolean dpopRequired = gateway.flag("dpop-required", false);
    return Sections.checked(
        gateway,
        "",
        () ->
            new GatewayConfig(
                listener,
                address,
                mode,
                WORKLOAD,
                new GatewayConfig.Upstreams(sts.issuer(), broker.map(BrokerConfig::baseUri), vault),
                sts.anchors().stream()
                    .filter(GatewaySection::isReadable)
                    .map(GatewaySection::anchor)
                    .toList(),
                databases,
                new GatewayConfig.Border(
                    new HashSet<>(hosts), new HashSet<>(origins), maxBody, calls, dpopRequired),
                emitter));
  }

  /// @param sources the names of `transmitter.sources`
  private static Optional<Emitter> emitter(
      ConfigSection section, URI transmitter, Set<String> sources) {
    int calls = (int) section.integer("calls");
    Duration within = section.duration("within", Duration.ofMinutes(5));
    Optional<AntennaIngest> antenna =
        section.optionalSection("antenna").flatMap(DecisionSection::antenna);
    String source = section.optionalText("source").orElse(WORKLOAD);
    section.done();
    if (antenna.isEmpty() && !sources.contains(source)) {
      section.problem(
          "source",
          "must be a name among `transmitter.sources` whose workloads name the gateway and which has"
              + " no shown-at");
      return Optional.empty();
    }
    return Sections.checked(
        section, "calls", () -> new Emitter(calls, within, transmitter, source, antenna));
  }

  private static Optional<GatewayConfig.VaultAddress> vault(ConfigSection section) {
    String address = section.text("address");
    var paths = GatewayConfig.VaultAddress.Paths.DATABASE;
    String named = section.optionalText("paths").orElse("database");
    switch (named) {
      case "database" -> {}
      case "verify-rar" -> paths = GatewayConfig.VaultAddress.Paths.VERIFY_RAR;
      default -> section.problem("paths", "must be database or verify-rar");
    }
    String authMount = section.optionalText("auth-mount").orElse("jwt");
    String mount = section.optionalText("mount").orElse(named);
    String namespace = section.optionalText("namespace").orElse("");
    section.done();
    GatewayConfig.VaultAddress.Paths chosen = paths;
    return Sections.checked(
        section,
        "address",
        () ->
            new GatewayConfig.VaultAddress(
                URI.create(address), chosen, authMount, mount, namespace));
  }

  private static GatewayConfig.Mode mode(ConfigSection gateway) {
    return switch (gateway.optionalText("mode").orElse("te")) {
      case "te" -> GatewayConfig.Mode.TE;
      case "validate" -> GatewayConfig.Mode.VALIDATE;
      case "both" -> GatewayConfig.Mode.BOTH;
      default -> {
        gateway.problem(
            "mode",
            "must be te (the gateway exchanges the person's token), validate (the agent does) or both");
        yield GatewayConfig.Mode.TE;
      }
    };
  }

  /// The file of tools that the section names.
  static Path tools(ConfigSection gateway) {
    return gateway.path("tools");
  }

  /// The gateway checks people's bearers itself; it has no use for an issuer whose tokens are
  /// opaque, nor for one that vouches for workloads.
  private static boolean isReadable(dev.countersign.sts.Anchor anchor) {
    return !(anchor.keys().place() instanceof IssuerKeys.Place.None)
        && !SpiffeId.isTrustDomain(anchor.issuer());
  }

  private static Anchor anchor(dev.countersign.sts.Anchor anchor) {
    return new Anchor(
        anchor.name(),
        anchor.form(),
        anchor.keys(),
        anchor.claims().subject(),
        anchor.tokenType(),
        Set.of());
  }
}
