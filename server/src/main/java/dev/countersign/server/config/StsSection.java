package dev.countersign.server.config;

import dev.countersign.box.KeyFiles;
import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.AttributeAdmin;
import dev.countersign.sts.SmtpSettings;
import dev.countersign.sts.StepUpSettings;
import dev.countersign.sts.StsConfig;
import dev.countersign.sts.TokenLimits;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.ClientAuthorities;
import dev.countersign.sts.keys.KeySettings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Reads the `sts` section.
final class StsSection {
  private StsSection() {}

  static Optional<StsConfig> read(
      ConfigSection sts, Keys keys, URI transmitter, Optional<URI> broker) {
    URI issuer = sts.uri("issuer");
    Duration lifetime = sts.duration("token-lifetime", StsConfig.DEFAULT_LIFETIME);
    var anchors = new ArrayList<Anchor>();
    sts.named("anchors")
        .forEach((name, section) -> AnchorSection.read(name, section).ifPresent(anchors::add));
    var clients = new ArrayList<Client>();
    sts.named("clients")
        .forEach((id, section) ->
            ClientSection.read(sts, id, section, keys, lifetime).ifPresent(clients::add));
    var admins = new TreeMap<String, AttributeAdmin>();
    sts.named("attribute-admins")
        .forEach(
            (name, section) -> attributeAdmin(section).ifPresent(admin -> admins.put(name, admin)));
    Optional<KeySettings> signing = KeySection.read(sts, keys);
    ClientAuthorities authorities = ClientSection.authorities(sts);
    Optional<SmtpSettings> smtp = smtp(sts, sts.section("mail"));
    Optional<StepUpSettings> stepUp =
        sts.optionalSection("step-up")
            .map(section -> StepUpSection.read(sts, section))
            .orElseGet(() -> Optional.of(StepUpSettings.defaults()));
    var operators = new HashMap<String, KeySource>();
    sts.texts("operators")
        .forEach(name ->
            Sections.checked(sts, "operators", () -> keys.of(name))
                .ifPresent(known -> operators.put(name, known)));
    Optional<TokenLimits> limits = limits(sts);
    var listener = Sections.listener(sts, true);
    if (smtp.isEmpty() || stepUp.isEmpty() || signing.isEmpty() || limits.isEmpty()) {
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
                operators,
                smtp.get(),
                signing.get(),
                authorities,
                transmitter,
                broker,
                admins,
                limits.get()));
  }

  private static Optional<TokenLimits> limits(ConfigSection sts) {
    TokenLimits usual = TokenLimits.defaults();
    return sts.optionalSection("exchanges-per-token")
        .map(section -> {
          int perMinute = (int) section.integer("per-minute", usual.perMinute());
          int inAll = (int) section.integer("in-all", usual.inAll());
          section.done();
          return Sections.checked(
              sts, "exchanges-per-token", () -> new TokenLimits(perMinute, inAll));
        })
        .orElseGet(() -> Optional.of(usual));
  }

  /// The policy file that the section names.
  static Path policy(ConfigSection sts) {
    return sts.path("policy");
  }

  /// The file of authorization details types that the section names.
  static Path types(ConfigSection sts) {
    return sts.path("types");
  }

  private static Optional<AttributeAdmin> attributeAdmin(ConfigSection section) {
    Path keys = section.path("keys");
    List<String> names = section.texts("names");
    section.done();
    return Sections.checked(
        section,
        "names",
        () -> new AttributeAdmin(KeySource.of(KeyFiles.publicKeys(keys)), Set.copyOf(names)));
  }

  private static Optional<SmtpSettings> smtp(ConfigSection sts, ConfigSection mail) {
    String host = mail.text("host");
    int port = (int) mail.integer("port");
    boolean loopback = host.equals("127.0.0.1") || host.equals("localhost") || host.equals("::1");
    String tls = mail.optionalText("tls").orElse(loopback ? "none" : "starttls");
    String from = mail.text("from");
    Optional<String> user = mail.optionalText("user");
    Optional<Secret> password = mail.optionalSecret("password");
    Optional<Path> authorities = mail.optionalPath("authorities");
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
                    .orElse(null),
                authorities.map(StsSection::certificates).orElse(List.of())));
  }

  private static List<X509Certificate> certificates(Path file) {
    try {
      List<X509Certificate> certificates =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (certificates.isEmpty()) {
        throw new IllegalArgumentException("authorities holds no PEM certificate");
      }
      return certificates;
    } catch (IOException unreadable) {
      throw new IllegalArgumentException("authorities cannot be read", unreadable);
    } catch (GeneralSecurityException malformed) {
      throw new IllegalArgumentException("authorities is not PEM", malformed);
    }
  }
}
