package dev.countersign.gateway.tools;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// One tool: what agents see of it, what a call of it asks for, and what it runs. Threads may share
/// it.
public final class Tool {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,128}");

  private final String name;
  private final ObjectNode definition;
  private final ArgumentSchema arguments;
  private final RarTemplate details;
  private final KnownVersions versions;
  private final Grant grant;
  private final Optional<Idempotency> idempotency;
  private final Work work;
  private final Optional<Elevation> elevation;

  Tool(
      String name,
      ObjectNode definition,
      ArgumentSchema arguments,
      RarTemplate details,
      KnownVersions versions,
      Grant grant,
      Optional<Idempotency> idempotency,
      Work work) {
    this(
        name, definition, arguments, details, versions, grant, idempotency, work, Optional.empty());
  }

  Tool(
      String name,
      ObjectNode definition,
      ArgumentSchema arguments,
      RarTemplate details,
      KnownVersions versions,
      Grant grant,
      Optional<Idempotency> idempotency,
      Work work,
      Optional<Elevation> elevation) {
    if (!isName(name)) {
      throw new IllegalArgumentException("a tool's name must have 1 to 128 of [A-Za-z0-9_.-]");
    }
    this.name = name;
    this.definition = definition.deepCopy();
    this.arguments = arguments;
    this.details = details;
    this.versions = versions;
    this.grant = grant;
    ObjectNode published = this.definition.putObject("_meta").putObject("dev.countersign/rar");
    published.set("template", details.source());
    published.put("digest", Digest.sha256(StrictJson.canonical(details.source())));
    published.put("scope", grant.scope());
    this.idempotency = idempotency;
    this.work = work;
    this.elevation = elevation;
  }

  /// Whether a text may be a tool's name.
  public static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  public String name() {
    return name;
  }

  /// What `tools/list` publishes: name, title, description, input schema, annotations, and in
  /// `_meta` what a call asks for, so that an agent which exchanges by itself builds the same and
  /// can pin it:
  ///
  /// ```json
  /// {"dev.countersign/rar": {"template": [{"type": "...", "operationDetails": {"id": "=args.id"}}],
  ///                          "digest": "base64url of SHA-256 of the canonical template",
  ///                          "scope": "case:read"}}
  /// ```
  ///
  /// A copy.
  public ObjectNode definition() {
    return definition.deepCopy();
  }

  /// Checks what a caller sent and fills in the schema's defaults.
  public ArgumentCheck check(ObjectNode sent) {
    return arguments.check(sent);
  }

  /// What a call with these checked arguments asks for.
  ///
  /// @throws WireException if the arguments give no usable authorization details
  public AuthorizationDetails details(ObjectNode checked) {
    return details.build(checked);
  }

  /// The types of authorization details that a call asks for.
  public Set<String> detailTypes() {
    var types = new TreeSet<String>();
    details.source().forEach(element -> types.add(element.path("type").asString("")));
    elevation.ifPresent(more -> {
      types.addAll(more.probe().detailTypes());
      types.addAll(more.elevated().detailTypes());
    });
    return types;
  }

  /// The versions of those types that the tool is written for.
  public KnownVersions versions() {
    return versions;
  }

  public Grant grant() {
    return grant;
  }

  /// What makes two calls the same, for a tool that writes.
  public Optional<Idempotency> idempotency() {
    return idempotency;
  }

  /// How it is told whether a call has to ask for more.
  public Optional<Elevation> elevation() {
    return elevation;
  }

  /// What a granted call runs.
  public Work work() {
    return work;
  }

  @Override
  public String toString() {
    return "Tool[" + name + "]";
  }

  /// When two calls of the same person and client are one: if these arguments are equal.
  ///
  /// @param arguments names of arguments
  /// @param within for how long a repeat is one
  public record Idempotency(List<String> arguments, Duration within) {
    public Idempotency {
      arguments = List.copyOf(arguments);
    }

    /// A digest of the arguments that count.
    ///
    /// @param checked the call's arguments with the schema's defaults
    public String digest(ObjectNode checked) {
      ObjectNode counted = StrictJson.object();
      arguments.stream()
          .filter(checked::has)
          .forEach(name -> counted.set(name, checked.path(name)));
      return Digest.sha256(StrictJson.canonical(counted));
    }
  }

  /// What a call asks the STS for, besides its details.
  ///
  /// @param audience the resource that the token is for; empty for this gateway itself
  public record Grant(String scope, Optional<String> audience) {
    /// For this gateway.
    public Grant(String scope) {
      this(scope, Optional.empty());
    }
  }
}
