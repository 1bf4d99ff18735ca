package dev.countersign.server.config;

import dev.countersign.box.KeyFiles;
import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.clients.CertificateName;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.ClientAuthorities;
import dev.countersign.sts.clients.ClientOptions;
import dev.countersign.sts.clients.Credentials;
import dev.countersign.sts.clients.HashedSecret;
import dev.countersign.sts.clients.Registration;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CRL;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads one client of `sts.clients`, and who may issue certificates to clients.
final class ClientSection {
  private ClientSection() {}

  static Optional<Client> read(
      ConfigSection sts, String id, ConfigSection section, Keys keys, Duration lifetime) {
    List<String> anchors = section.texts("anchors");
    List<String> types = section.texts("types");
    List<String> scopes = section.texts("scopes");
    List<String> audiences = section.texts("audiences");
    Duration longest = section.duration("token-lifetime", lifetime);
    String label = section.optionalText("label").orElse(id);
    var options =
        new ClientOptions(
            Set.copyOf(section.texts("actor-anchors")),
            section.flag("actor-required", false),
            Set.copyOf(section.texts("chains")),
            isStandard(section),
            section.flag("dpop", false),
            section.flag("certificate-bound", false),
            Set.copyOf(section.texts("introspects")),
            section.flag("submits-codes", false));
    Optional<Credentials> credentials = credentials(sts, id, section, keys);
    section.done();
    return credentials.flatMap(proof ->
        Sections.checked(
            sts,
            "clients",
            () ->
                new Client(
                    id,
                    proof,
                    Set.copyOf(anchors),
                    Set.copyOf(types),
                    Set.copyOf(scopes),
                    audiences,
                    longest,
                    label,
                    options)));
  }

  private static boolean isStandard(ConfigSection section) {
    String form = section.optionalText("step-up").orElse("verify");
    if (!List.of("verify", "standard").contains(form)) {
      section.problem("step-up", "must be verify or standard");
    }
    return form.equals("standard");
  }

  private static Optional<Credentials> credentials(
      ConfigSection sts, String id, ConfigSection section, Keys keys) {
    Optional<Path> keyFile = section.optionalPath("keys");
    Optional<URI> jwks = section.optionalUri("jwks");
    Optional<Secret> secret = section.optionalSecret("secret");
    Optional<Secret> previous = section.optionalSecret("previous-secret");
    Optional<ConfigSection> certificate = section.optionalSection("certificate");
    Optional<ConfigSection> spiffe = section.optionalSection("spiffe");
    boolean selfSigned = section.flag("self-signed-certificate", false);
    int ways =
        (keyFile.isPresent() ? 1 : 0)
            + (jwks.isPresent() ? 1 : 0)
            + (secret.isPresent() ? 1 : 0)
            + (certificate.isPresent() ? 1 : 0)
            + (spiffe.isPresent() ? 1 : 0);
    if (ways > 1) {
      section.problem(
          "keys", "a client proves itself in one way: keys, jwks, secret, certificate or spiffe");
      return Optional.empty();
    }
    if (jwks.isPresent() && selfSigned) {
      section.problem("self-signed-certificate", "needs the client's keys in a file, under keys");
      return Optional.empty();
    }
    return Sections.checked(
        sts,
        "clients",
        () -> {
          if (secret.isPresent()) {
            return secrets(secret.get(), previous.orElse(null));
          }
          if (jwks.isPresent()) {
            return new Credentials.KeysAt(jwks.get(), null);
          }
          if (certificate.isPresent()) {
            return new Credentials.Certificate(name(certificate.get()));
          }
          if (spiffe.isPresent()) {
            return svid(spiffe.get());
          }
          KeySource known =
              keyFile
                  .map(path -> KeySource.of(KeyFiles.publicKeys(path)))
                  .orElseGet(() -> keys.of(id));
          return selfSigned ? new Credentials.SelfSigned(known) : new Credentials.Keys(known);
        });
  }

  private static Credentials secrets(Secret secret, @Nullable Secret previous) {
    var dated = new ArrayList<Credentials.DatedSecret>();
    dated.add(new Credentials.DatedSecret(HashedSecret.of(secret), null));
    if (previous != null) {
      dated.add(new Credentials.DatedSecret(HashedSecret.of(previous), null));
    }
    return new Credentials.Secrets(dated);
  }

  private static CertificateName name(ConfigSection section) {
    List<String> words = section.keys();
    if (words.size() != 1) {
      throw new IllegalArgumentException(
          "certificate names a client by one of subject-dn, san-dns, san-uri, san-ip, san-email");
    }
    String word = words.getFirst();
    return new CertificateName(Registration.kind(word), section.text(word));
  }

  private static Credentials svid(ConfigSection section) {
    String id = section.text("id");
    URI bundle = section.uri("bundle");
    section.done();
    return new Credentials.Svid(id, bundle);
  }

  static ClientAuthorities authorities(ConfigSection sts) {
    Optional<ConfigSection> section = sts.optionalSection("client-certificates");
    if (section.isEmpty()) {
      return ClientAuthorities.none();
    }
    Path authorities = section.get().path("authorities");
    Optional<Path> revoked = section.get().optionalPath("revoked");
    section.get().done();
    return Sections.checked(
            sts, "client-certificates", () -> authorities(authorities, revoked.orElse(null)))
        .orElseGet(ClientAuthorities::none);
  }

  private static ClientAuthorities authorities(Path authorities, @Nullable Path revoked) {
    try {
      var factory = CertificateFactory.getInstance("X.509");
      var certificates = new ArrayList<X509Certificate>();
      for (var one :
          factory.generateCertificates(new ByteArrayInputStream(Files.readAllBytes(authorities)))) {
        if (one instanceof X509Certificate certificate) {
          certificates.add(certificate);
        }
      }
      if (certificates.isEmpty()) {
        throw new IllegalArgumentException(authorities + ": holds no PEM certificate");
      }
      var lists = new ArrayList<CRL>();
      if (revoked != null) {
        lists.addAll(factory.generateCRLs(new ByteArrayInputStream(Files.readAllBytes(revoked))));
      }
      return new ClientAuthorities(certificates, lists);
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(
          authorities + " or the revocation list cannot be read", unreadable);
    } catch (GeneralSecurityException malformed) {
      throw new IllegalArgumentException(
          authorities + " or the revocation list is not PEM", malformed);
    }
  }
}
