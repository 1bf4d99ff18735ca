package dev.countersign.gateway.tools;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// Reads the servers behind the gateway from the file of tools:
///
/// ```yaml
/// servers:
///   tickets:
///     url: https://tickets.example/mcp        # or command: [node, server.js]
///     prefix: tickets__                       # the default: the name and two underscores
///     credential: {kind: obo, audience: "https://tickets.example/mcp"}
///     tools:
///       create_ticket:
///         rar: [{type: "urn:smt:agent:ticket", operationDetails: {action: create, title: "=args.title"}}]
///         scope: tickets
///         readOnly: false
///         idempotency: {key: [title], within: 10m}
/// ```
final class ServerReader {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,63}");
  private static final int DEFAULT_BYTES = 256 * 1024;
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration DEFAULT_RECHECK = Duration.ofSeconds(60);
  private static final Duration LONGEST_RECHECK = Duration.ofHours(1);
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "[::1]");

  private ServerReader() {}

  static List<Server> read(ConfigSection file, MaterialReader material) {
    var servers = new ArrayList<Server>();
    file.named("servers")
        .forEach((name, section) -> {
          if (!NAME.matcher(name).matches()) {
            file.problem(
                "servers", "a server's name must have 1 to 32 of [a-z0-9-], a letter first");
          }
          servers.add(server(name, section, material));
        });
    return servers;
  }

  private static Server server(String name, ConfigSection section, MaterialReader material) {
    Server.Place place = place(section);
    Credential credential = credential(section, place);
    Optional<Secret> listToken = section.optionalSecret("list-token");
    if (listToken.isPresent() && place instanceof Server.Place.Program) {
      section.problem("list-token", "is for servers over HTTP");
    }
    String prefix = section.optionalText("prefix").orElse(name + "__");
    Server.Speech speech = speech(section);
    Server.Limits limits = limits(section);
    Duration recheck = section.duration("recheck", DEFAULT_RECHECK);
    if (!recheck.isPositive() || recheck.compareTo(LONGEST_RECHECK) > 0) {
      section.problem("recheck", "must be over 0 and at most 1h");
    }
    var mappings = new LinkedHashMap<String, Mapping>();
    section
        .named("tools")
        .forEach((tool, mapped) -> mappings.put(tool, mapping(prefix + tool, mapped, credential)));
    boolean isRead = material.behind(new MaterialReader.Origin(name, prefix, credential), section);
    if (mappings.isEmpty() && !isRead) {
      section.problem("tools", "missing; a tool that is not mapped here cannot be called");
    }
    mappings.forEach((tool, mapping) -> {
      if (!Tool.isName(tool) || !Tool.isName(mapping.name())) {
        section.problem(
            "tools", "a tool's name must have 1 to 128 of [A-Za-z0-9_.-], prefix included");
      }
    });
    section.done();
    return new Server(name, place, speech, credential, listToken, limits, recheck, mappings);
  }

  private static Server.Place place(ConfigSection section) {
    List<String> command = section.texts("command");
    var environment = new LinkedHashMap<String, String>();
    section
        .optionalSection("environment")
        .ifPresent(variables ->
            variables.keys().forEach(key -> environment.put(key, variables.text(key))));
    if (!command.isEmpty()) {
      if (section.has("url")) {
        section.problem("url", "is either this or `command`");
      }
      return new Server.Place.Program(command, environment);
    }
    if (!environment.isEmpty()) {
      section.problem("environment", "is for a server that is a program: `command`");
    }
    URI address = section.uri("url");
    if ("http".equals(address.getScheme()) && !LOOPBACK.contains(address.getHost())) {
      section.problem("url", "must be https, except on this machine: credentials go there");
    }
    return new Server.Place.Http(address);
  }

  private static Credential credential(ConfigSection section, Server.Place place) {
    ConfigSection declared = section.section("credential");
    if (!section.has("credential")) {
      return new Credential.None();
    }
    boolean isProgram = place instanceof Server.Place.Program;
    String kind = declared.text("kind");
    Credential credential =
        switch (kind) {
          case "none" -> new Credential.None();
          case "obo" -> new Credential.OnBehalfOf(declared.uri("audience").toString());
          case "login" -> new Credential.Login();
          case "vendor" ->
              new Credential.Vendor(
                  declared.secret("token"), isProgram ? declared.text("variable") : "");
          default -> {
            declared.problem("kind", "must be none, obo, login or vendor");
            yield new Credential.None();
          }
        };
    if (credential instanceof Credential.Vendor(_, String variable)
        && isProgram
        && !VARIABLE.matcher(variable).matches()) {
      declared.problem("variable", "must name a variable of the program's environment");
    }
    if (isProgram && Set.of("obo", "login").contains(kind)) {
      declared.problem("kind", "a program gets no credential with a call: use none or vendor");
    }
    declared.done();
    return credential;
  }

  private static Server.Speech speech(ConfigSection section) {
    return switch (section.optionalText("era").orElse("auto")) {
      case "auto" -> Server.Speech.AUTO;
      case "modern" -> Server.Speech.MODERN;
      case "legacy" -> Server.Speech.LEGACY;
      default -> {
        section.problem(
            "era", "must be auto, modern (2026-07-28) or legacy (2025-11-25 and older)");
        yield Server.Speech.AUTO;
      }
    };
  }

  private static Server.Limits limits(ConfigSection section) {
    Optional<ConfigSection> limits = section.optionalSection("limits");
    long bytes =
        limits.map(l -> l.integer("max-bytes", DEFAULT_BYTES)).orElse((long) DEFAULT_BYTES);
    Duration timeout =
        limits.map(l -> l.duration("timeout", DEFAULT_TIMEOUT)).orElse(DEFAULT_TIMEOUT);
    limits.ifPresent(ConfigSection::done);
    try {
      return new Server.Limits(Math.clamp(bytes, -1, Integer.MAX_VALUE), timeout);
    } catch (IllegalArgumentException wrong) {
      String.valueOf(wrong.getMessage()).lines().forEach(line -> section.problem("limits", line));
      return new Server.Limits(DEFAULT_BYTES, DEFAULT_TIMEOUT);
    }
  }

  private static Mapping mapping(String name, ConfigSection section, Credential credential) {
    JsonNode rar = section.tree("rar");
    if (!section.has("rar")) {
      section.problem("rar", "missing; what a call of this tool asks for");
    }
    KnownVersions versions = KnownVersions.read(section, rar);
    String scope = section.text("scope");
    Optional<String> role = section.optionalText("role");
    boolean takesLogin = credential instanceof Credential.Login;
    if (takesLogin && role.isEmpty()) {
      section.problem("role", "missing; this server takes a database login");
    } else if (!takesLogin && role.isPresent()) {
      section.problem("role", "is for servers that take a database login: credential kind login");
    }
    boolean readOnly = section.flag("readOnly", true);
    Optional<Tool.Idempotency> idempotency = IdempotencyReader.read(section, readOnly);
    section.done();
    return new Mapping(name, rar, versions, scope, role, idempotency);
  }
}
