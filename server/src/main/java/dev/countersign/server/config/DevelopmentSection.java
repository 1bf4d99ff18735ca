package dev.countersign.server.config;

import dev.countersign.box.Listener;
import dev.countersign.config.ConfigSection;
import dev.countersign.idp.EntraApi;
import dev.countersign.idp.EntraDaemon;
import dev.countersign.idp.EntraIdpConfig;
import dev.countersign.idp.OktaCustomServer;
import dev.countersign.idp.OktaIdpConfig;
import dev.countersign.idp.Person;
import dev.countersign.idp.PublicClient;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/// Reads the `development` section: stand-ins for the parties outside the house.
public final class DevelopmentSection {
  private static final String GRAPH_ROLE = "User.RevokeSessions.All";
  private static final int SECRET_LENGTH = 24;

  private DevelopmentSection() {}

  /// Fills the files under `generate` that are missing with random text, readable by their owner
  /// only. Runs before anything reads a secret.
  static void generate(ConfigSection development) {
    for (String name : development.texts("generate")) {
      Path file = development.folder().resolve(name).normalize();
      try {
        if (!Files.exists(file)) {
          Path folder = file.getParent();
          if (folder != null && !Files.isDirectory(folder)) {
            Path above = folder.getParent();
            if (above != null) {
              Files.createDirectories(above); // PostgreSQL's user must be able to pass through
            }
            Files.createDirectory(
                folder,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
          }
          Files.createFile(
              file,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
          Files.writeString(file, Ids.base62(SECRET_LENGTH) + "\n");
        }
      } catch (IOException failed) {
        throw new UncheckedIOException("cannot write " + file, failed);
      }
    }
  }

  static Optional<Development> read(ConfigSection development) {
    development.texts("generate");
    List<String> workloads = development.texts("workloads");
    Optional<Path> attributes = development.optionalPath("attributes");
    Optional<Mail> mail = development.optionalSection("mail").map(DevelopmentSection::mail);
    Optional<EntraIdpConfig> entra =
        development.optionalSection("entra").flatMap(DevelopmentSection::entra);
    Optional<OktaIdpConfig> okta =
        development.optionalSection("okta").flatMap(DevelopmentSection::okta);
    OptionalInt model =
        development
            .optionalSection("model")
            .map(section -> OptionalInt.of(modelPort(section)))
            .orElseGet(OptionalInt::empty);
    development.done();
    return Optional.of(new Development(workloads, attributes, mail, entra, okta, model));
  }

  private static int modelPort(ConfigSection section) {
    int port = (int) section.integer("port");
    section.done();
    return port;
  }

  private static Mail mail(ConfigSection section) {
    var mail = new Mail((int) section.integer("smtp-port"), (int) section.integer("page-port"));
    section.done();
    return mail;
  }

  private static Optional<EntraIdpConfig> entra(ConfigSection section) {
    int port = (int) section.integer("port");
    String tenant = section.text("tenant");
    String audience = section.text("audience");
    String api = section.text("api");
    List<String> scopes = section.texts("scopes");
    String adminId = section.text("admin-client");
    Secret adminSecret = section.secret("admin-secret");
    List<PublicClient> clients = clients(section);
    List<Person> people = people(section);
    section.done();
    return Sections.checked(
        section,
        "",
        () ->
            EntraIdpConfig.of(
                Listener.loopback(port),
                tenant,
                people,
                clients,
                List.of(
                    new EntraApi(
                        audience, api, Set.copyOf(scopes), 2, Set.of("email", "auth_time"))),
                List.of(new EntraDaemon(adminId, adminSecret, adminId, Set.of(GRAPH_ROLE)))));
  }

  private static Optional<OktaIdpConfig> okta(ConfigSection section) {
    int port = (int) section.integer("port");
    String audience = section.text("audience");
    List<String> scopes = section.texts("scopes");
    Secret token = section.secret("api-token");
    List<PublicClient> clients = clients(section);
    List<Person> people = people(section);
    section.done();
    return Sections.checked(
        section,
        "",
        () ->
            OktaIdpConfig.of(
                Listener.loopback(port),
                people,
                clients,
                OktaCustomServer.standard(audience, Set.copyOf(scopes)),
                token));
  }

  private static List<PublicClient> clients(ConfigSection section) {
    var clients = new ArrayList<PublicClient>();
    section
        .optionalSection("clients")
        .ifPresent(map ->
            map.keys()
                .forEach(id ->
                    Sections.checked(
                            section,
                            "clients",
                            () ->
                                new PublicClient(
                                    id,
                                    id,
                                    Set.copyOf(map.texts(id)),
                                    starts(map.texts(id)),
                                    Set.of("auth_time")))
                        .ifPresent(clients::add)));
    return List.copyOf(clients);
  }

  /// Where people may be sent after signing out: the first page of each application.
  private static Set<String> starts(List<String> redirectUris) {
    return redirectUris.stream()
        .map(uri -> uri.replaceFirst("^(https?://[^/]+).*", "$1/"))
        .collect(Collectors.toSet());
  }

  private static List<Person> people(ConfigSection section) {
    Secret password = section.secret("password");
    var people = new ArrayList<Person>();
    section
        .named("people")
        .forEach((username, person) -> {
          String id = person.text("id");
          String name = person.text("name");
          String mail = person.text("mail");
          long limit = person.integer("refund-limit", -1);
          person.done();
          Sections.checked(
                  section,
                  "people",
                  () ->
                      new Person(
                          username, password, id, name, mail, limit < 0 ? null : limit, false))
              .ifPresent(people::add);
        });
    return List.copyOf(people);
  }

  /// The stand-ins of one installation.
  ///
  /// @param workloads programs, such as the agents of an example, whose keys are made in the data
  ///   folder like those of the boxes
  /// @param attributes a CSV file of subject, name and value for the attribute store
  /// @param modelPort of the rehearsal of a language model
  public record Development(
      List<String> workloads,
      Optional<Path> attributes,
      Optional<Mail> mail,
      Optional<EntraIdpConfig> entra,
      Optional<OktaIdpConfig> okta,
      OptionalInt modelPort) {

    /// No stand-ins.
    public static Development none() {
      return new Development(
          List.of(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          OptionalInt.empty());
    }
  }

  /// The mail server for development.
  public record Mail(int smtpPort, int pagePort) {}
}
