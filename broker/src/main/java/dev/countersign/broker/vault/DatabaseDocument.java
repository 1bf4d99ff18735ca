package dev.countersign.broker.vault;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The body of `database/config/:name`, read strictly: where a database is and as whom the broker
/// works there.
///
/// @param jdbcUrl host, port, database and what is said about TLS; nothing else of the caller's
///   text
/// @param user the CREATEROLE login
/// @param password empty where the one that is there stays
/// @param allowedRoles the roles that may mint in it; `*` for all
/// @param verifies whether it is connected to and checked before it is written
public record DatabaseDocument(
    String connectionUrl,
    String jdbcUrl,
    String user,
    Optional<Secret> password,
    List<String> allowedRoles,
    boolean verifies) {
  private static final Set<String> MEMBERS =
      Set.of(
          "name",
          "plugin_name",
          "plugin_version",
          "connection_url",
          "username",
          "password",
          "allowed_roles",
          "verify_connection",
          "root_rotation_statements",
          "password_policy",
          "username_template",
          "max_open_connections",
          "max_idle_connections",
          "max_connection_lifetime",
          "password_authentication");
  private static final Pattern URL =
      Pattern.compile(
          "postgres(?:ql)?://(?:\\{\\{username}}:\\{\\{password}}@)?"
              + "(\\[[0-9a-fA-F:]+]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?/([A-Za-z0-9_-]{1,63})"
              + "(?:\\?sslmode=([a-z-]+))?");
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "[::1]");
  private static final Set<String> TLS = Set.of("require", "verify-ca", "verify-full");
  private static final String PLUGIN = "postgresql-database-plugin";

  public DatabaseDocument {
    allowedRoles = List.copyOf(allowedRoles);
  }

  /// Reads a body.
  ///
  /// @throws IllegalArgumentException naming the member that is wrong and what it may be
  static DatabaseDocument read(ObjectNode body) {
    Members.only(body, MEMBERS);
    String plugin = Members.text(body, "plugin_name").orElse(PLUGIN);
    if (!plugin.equals(PLUGIN)) {
      throw new IllegalArgumentException("`plugin_name` must be " + PLUGIN);
    }
    for (String unsupported :
        List.of("root_rotation_statements", "password_policy", "username_template")) {
      if (!Members.isEmpty(body.path(unsupported))) {
        throw new IllegalArgumentException(
            "`" + unsupported + "` is not supported: the broker makes names and passwords itself");
      }
    }
    String url =
        Members.text(body, "connection_url")
            .orElseThrow(() -> new IllegalArgumentException("`connection_url` is missing"));
    return new DatabaseDocument(
        url,
        jdbc(url),
        Members.text(body, "username")
            .orElseThrow(() -> new IllegalArgumentException("`username` is missing")),
        Members.text(body, "password").map(Secret::new),
        Members.texts(body, "allowed_roles"),
        Members.flag(body, "verify_connection", true));
  }

  // Built anew from the parts that were understood: a driver has parameters that load classes.
  private static String jdbc(String url) {
    Matcher matcher = URL.matcher(url);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "`connection_url` must be postgresql://{{username}}:{{password}}@host:port/database, with"
              + " ?sslmode=… and nothing else behind it");
    }
    String host = matcher.group(1);
    String mode = Optional.ofNullable(matcher.group(4)).orElse("");
    if (!mode.isEmpty() && !TLS.contains(mode) && !mode.equals("disable")) {
      throw new IllegalArgumentException(
          "`connection_url`: sslmode must be verify-full, verify-ca, require or disable");
    }
    if (!LOOPBACK.contains(host) && !TLS.contains(mode)) {
      throw new IllegalArgumentException(
          "`connection_url` leaves this machine without TLS: add ?sslmode=verify-full");
    }
    String port = Optional.ofNullable(matcher.group(2)).map(p -> ":" + p).orElse("");
    return "jdbc:postgresql://"
        + host
        + port
        + "/"
        + matcher.group(3)
        + (mode.isEmpty() ? "" : "?sslmode=" + mode);
  }

  /// What is kept of it: all but the password.
  ObjectNode kept() {
    ObjectNode kept =
        StrictJson.object().put("connection_url", connectionUrl).put("username", user);
    var roles = kept.putArray("allowed_roles");
    allowedRoles.forEach(roles::add);
    return kept;
  }

  /// What is told of it: all but the password, as Vault does.
  static ObjectNode told(ObjectNode kept) {
    ObjectNode told = StrictJson.object().put("plugin_name", PLUGIN);
    told.putObject("connection_details")
        .put("connection_url", kept.path("connection_url").stringValue())
        .put("username", kept.path("username").stringValue());
    told.set("allowed_roles", kept.path("allowed_roles"));
    told.putArray("root_credentials_rotate_statements");
    return told.put("password_policy", "").put("plugin_version", "");
  }

  /// How to reach the database.
  static DatabaseSettings settings(ObjectNode kept, Secret password) {
    return new DatabaseSettings(
        jdbc(kept.path("connection_url").stringValue()),
        kept.path("username").stringValue(),
        password);
  }

  /// Whether a role may mint in it.
  static boolean allows(ObjectNode kept, String role) {
    var names = new ArrayList<String>();
    for (JsonNode name : kept.path("allowed_roles")) {
      names.add(name.asString(""));
    }
    return names.contains("*") || names.contains(role);
  }
}
