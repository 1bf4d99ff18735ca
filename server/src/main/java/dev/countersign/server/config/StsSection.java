package dev.countersign.server.config;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.SmtpSettings;
import dev.countersign.sts.StepUpSettings;
import dev.countersign.sts.StsConfig;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.ClientAuthorities;
import dev.countersign.sts.keys.KeySettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Reads the `sts` section.
final class StsSection {
  private static final Duration LEEWAY = Duration.ofSeconds(30);

  private StsSection() {}

  static Optional<StsConfig> read(ConfigSection sts, Keys keys, URI transmitter) {
    URI issuer = sts.uri("issuer");
    Duration lifetime = sts.duration("token-lifetime", StsConfig.DEFAULT_LIFETIME);
    var anchors = new ArrayList<Anchor>();
    sts.named("anchors")
        .forEach((name, section) -> anchor(sts, name, section).ifPresent(anchors::add));
    var clients = new ArrayList<Client>();
    sts.named("clients")
        .forEach((id, section) ->
            ClientSection.read(sts, id, section, keys, lifetime).ifPresent(clients::add));
    Optional<KeySettings> signing = KeySection.read(sts, keys);
    ClientAuthorities authorities = ClientSection.authorities(sts);
    Optional<SmtpSettings> smtp = smtp(sts, sts.section("mail"));
    Optional<StepUpSettings> stepUp =
        sts.optionalSection("step-up")
            .map(section -> stepUp(sts, section))
            .orElseGet(() -> Optional.of(StepUpSettings.defaults()));
    var listener = Sections.listener(sts, true);
    if (smtp.isEmpty() || stepUp.isEmpty() || signing.isEmpty()) {
      return Optional.empty();
    }
    return Sections.checked(
        sts,
        "",
        () ->
            new StsConfig(
                issuer,
                listener,
                lifetime,
                stepUp.get(),
                anchors,
                clients,
                Map.of("receiver", keys.of("receiver")),
                smtp.get(),
                signing.get(),
                authorities,
                transmitter));
  }

  /// The policy file that the section names.
  static Path policy(ConfigSection sts) {
    return sts.path("policy");
  }

  /// The file of authorization details types that the section names.
  static Path types(ConfigSection sts) {
    return sts.path("types");
  }

  private static Optional<Anchor> anchor(ConfigSection sts, String name, ConfigSection section) {
    String issuer = section.text("issuer");
    URI jwks = section.uri("jwks");
    String tokenType = section.text("token-type");
    List<String> audiences = section.texts("audiences");
    List<String> types = section.has("types") ? section.texts("types") : List.of("", "JWT");
    List<String> algorithms =
        section.has("algorithms") ? section.texts("algorithms") : List.of("RS256");
    String subject = section.text("subject");
    List<String> mail = section.texts("mail");
    Map<String, String> attributes = texts(section, "attributes");
    Map<String, String> equal = texts(section, "equal");
    List<String> parties = section.texts("authorized-parties");
    Duration maxAge = section.duration("max-age", Duration.ZERO);
    section.done();
    return Sections.checked(
        sts,
        "anchors",
        () ->
            new Anchor(
                name,
                issuer,
                jwks,
                tokenType,
                Set.copyOf(audiences),
                Set.copyOf(types),
                Set.copyOf(algorithms),
                subject,
                mail,
                attributes,
                equal,
                Set.copyOf(parties),
                LEEWAY,
                maxAge));
  }

  private static Optional<SmtpSettings> smtp(ConfigSection sts, ConfigSection mail) {
    String host = mail.text("host");
    int port = (int) mail.integer("port");
    boolean loopback = host.equals("127.0.0.1") || host.equals("localhost") || host.equals("::1");
    String tls = mail.optionalText("tls").orElse(loopback ? "none" : "starttls");
    String from = mail.text("from");
    Optional<String> user = mail.optionalText("user");
    Optional<Secret> password = mail.optionalSecret("password");
    mail.done();
    if (!List.of("none", "starttls", "tls").contains(tls)) {
      mail.problem("tls", "must be none, starttls or tls");
      return Optional.empty();
    }
    if (user.isPresent() != password.isPresent()) {
      mail.problem("user", "user and password belong together; name both");
    }
    return Sections.checked(
        sts,
        "mail",
        () ->
            new SmtpSettings(
                host,
                port,
                SmtpSettings.Security.valueOf(tls.toUpperCase(Locale.ROOT)),
                from,
                user.flatMap(
                        name -> password.map(secret -> new SmtpSettings.Credentials(name, secret)))
                    .orElse(null)));
  }

  private static Optional<StepUpSettings> stepUp(ConfigSection sts, ConfigSection section) {
    StepUpSettings defaults = StepUpSettings.defaults();
    Duration life = section.duration("approval-lifetime", defaults.approvalLifetime());
    int tries = (int) section.integer("code-tries", defaults.codeTries());
    int prompts = (int) section.integer("prompts-per-hour", defaults.promptsPerHour());
    int strikes = (int) section.integer("strikes", defaults.strikes());
    Duration window = section.duration("strike-window", defaults.strikeWindow());
    section.done();
    return Sections.checked(
        sts, "step-up", () -> new StepUpSettings(life, tries, prompts, strikes, window));
  }

  private static Map<String, String> texts(ConfigSection section, String key) {
    var texts = new TreeMap<String, String>();
    section
        .optionalSection(key)
        .ifPresent(map -> map.keys().forEach(name -> texts.put(name, map.text(name))));
    return texts;
  }
}
