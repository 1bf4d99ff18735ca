package dev.countersign.gateway.tools;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads resources and prompts from the file of tools, our own and those of servers behind us:
///
/// ```yaml
/// resources:
///   refund_policy:
///     uri: refunds://policy
///     description: What may be paid back.
///     mimeType: text/markdown
///     text: Up to 500 USD.
///   case:
///     uri: refunds://cases/{case_id}
///     description: One refund case.
///     tool: find_case                    # a tool of this file that only reads
///     values: {case_id: }      # what completion proposes
/// prompts:
///   explain_case:
///     description: Explains a case to its customer.
///     arguments: {case_id: {description: The case., required: true, values: }}
///     messages: [{role: user, text: "Explain case {{case_id}}."}]
/// servers:
///   docs:
///     resources:
///       handbook: {uri: "docs://handbook", rar: [{type: "urn:smt:agent:docs"}], scope: docs}
///     prompts:
///       summary: {arguments: {topic: {}}, rar: [{type: "urn:smt:agent:docs"}], scope: docs}
/// ```
final class MaterialReader {
  private static final String TEXT = "text/plain";
  private static final String JSON = "application/json";
  private static final int MAX_VALUE = 4_096;
  private static final Set<String> ROLES = Set.of("user", "assistant");

  private final List<Resource> resources = new ArrayList<>();
  private final List<Prompt> prompts = new ArrayList<>();
  private final Set<String> uris = new HashSet<>();
  private final Set<String> names = new HashSet<>();

  /// The server that something is read from.
  record Origin(String name, String prefix, Credential credential) {
    private Optional<String> audience() {
      return credential instanceof Credential.OnBehalfOf(String audience)
          ? Optional.of(audience)
          : Optional.empty();
    }
  }

  private record Arguments(
      ArgumentSchema schema, ArrayNode shown, Map<String, List<String>> values) {}

  Material material() {
    return new Material(resources, prompts);
  }

  /// What the file declares of its own.
  void own(ConfigSection file, Map<String, Tool> tools) {
    file.named("resources").forEach((name, section) -> ownResource(name, section, tools));
    file.named("prompts").forEach(this::ownPrompt);
  }

  /// What a server's section maps; nothing else of it can be read.
  ///
  /// @return whether it maps anything
  boolean behind(Origin origin, ConfigSection server) {
    Map<String, ConfigSection> readable = server.named("resources");
    Map<String, ConfigSection> fillable = server.named("prompts");
    readable.forEach((name, section) -> foreignResource(origin, name, section));
    fillable.forEach((name, section) -> foreignPrompt(origin, name, section));
    return !readable.isEmpty() || !fillable.isEmpty();
  }

  private void ownResource(String name, ConfigSection section, Map<String, Tool> tools) {
    checkName("resource:" + name, name, section);
    UriTemplate uri = uri(section);
    boolean isText = section.has("text");
    if (isText == section.has("tool")) {
      section.problem("text", "a resource has either a `text` or a `tool` that reads it");
    }
    Resource.Source source;
    if (section.has("tool")) {
      source = guarded(section, uri, tools);
    } else {
      source = new Resource.Source.Text(section.optionalText("text").orElse(""));
      if (!uri.isExact()) {
        section.problem("uri", "may vary only where a `tool` reads it");
      }
    }
    add(name, uri, section, isText ? TEXT : JSON, source);
  }

  private static Resource.Source guarded(
      ConfigSection section, UriTemplate uri, Map<String, Tool> tools) {
    String named = section.text("tool");
    Tool tool = tools.get(named);
    if (tool == null) {
      section.problem("tool", "no tool of this file has that name");
      return new Resource.Source.Text("");
    }
    if (!(tool.work() instanceof Work.Sql(_, Statement statement, _)) || !statement.readOnly()) {
      section.problem("tool", "must be a tool that only reads");
    }
    JsonNode schema = tool.definition().path("inputSchema");
    for (String variable : uri.variables()) {
      if (!"string".equals(schema.path("properties").path(variable).path("type").asString(""))) {
        section.problem("uri", "`" + variable + "` is no text of the tool's inputSchema");
      }
    }
    for (JsonNode required : schema.path("required")) {
      if (!uri.variables().contains(required.asString(""))) {
        section.problem("uri", "needs `{" + required.asString("") + "}`, which the tool requires");
      }
    }
    return new Resource.Source.Guarded(tool);
  }

  private void foreignResource(Origin origin, String name, ConfigSection section) {
    String shown = origin.prefix + name;
    checkName("resource:" + shown, shown, section);
    UriTemplate uri = uri(section);
    ObjectNode schema = schema();
    uri.variables()
        .forEach(variable -> {
          property(schema, variable);
          schema.withArray("/required").add(variable);
        });
    ArgumentSchema arguments = ArgumentSchema.of(schema, text -> section.problem("uri", text));
    var work = new Work.Read(origin.name, uri, role(origin, section));
    Tool tool = call(origin, shown, section, arguments, work);
    add(shown, uri, section, TEXT, new Resource.Source.Guarded(tool));
  }

  private void add(
      String name, UriTemplate uri, ConfigSection section, String type, Resource.Source source) {
    String mimeType = section.optionalText("mimeType").orElse(type);
    var values = new LinkedHashMap<String, List<String>>();
    section
        .optionalSection("values")
        .ifPresent(declared -> {
          declared
              .keys()
              .forEach(key -> {
                values.put(key, declared.texts(key));
                if (!uri.variables().contains(key)) {
                  section.problem("values", "`" + key + "` is no variable of the uri");
                }
              });
          declared.done();
        });
    resources.add(new Resource(name, uri, shown(section), mimeType, values, source));
    section.done();
  }

  private void ownPrompt(String name, ConfigSection section) {
    checkName("prompt:" + name, name, section);
    Arguments arguments = arguments(section);
    var messages = new ArrayList<Prompt.Message>();
    for (ConfigSection message : section.sections("messages")) {
      String role = message.optionalText("role").orElse("user");
      if (!ROLES.contains(role)) {
        message.problem("role", "must be user or assistant");
      }
      String text = message.text("text");
      Matcher place = Prompt.Message.PLACE.matcher(text);
      while (place.find()) {
        if (!arguments.schema.source().path("properties").has(place.group(1))) {
          message.problem("text", "`{{" + place.group(1) + "}}` is no argument of this prompt");
        }
      }
      messages.add(new Prompt.Message(role, text));
      message.done();
    }
    if (messages.isEmpty()) {
      section.problem("messages", "missing; at least one is needed here");
    }
    add(name, section, arguments, new Prompt.Source.Messages(messages));
  }

  private void foreignPrompt(Origin origin, String name, ConfigSection section) {
    String shown = origin.prefix + name;
    checkName("prompt:" + shown, shown, section);
    Arguments arguments = arguments(section);
    var work = new Work.Fill(origin.name, name, role(origin, section));
    Tool tool = call(origin, shown, section, arguments.schema, work);
    add(shown, section, arguments, new Prompt.Source.Guarded(tool));
  }

  private void add(String name, ConfigSection section, Arguments arguments, Prompt.Source source) {
    ObjectNode shown = shown(section);
    if (!arguments.shown.isEmpty()) {
      shown.set("arguments", arguments.shown);
    }
    prompts.add(new Prompt(name, shown, arguments.schema::check, arguments.values, source));
    section.done();
  }

  private static Arguments arguments(ConfigSection section) {
    ObjectNode schema = schema();
    ArrayNode shown = StrictJson.array();
    var values = new LinkedHashMap<String, List<String>>();
    section
        .named("arguments")
        .forEach((name, argument) -> {
          property(schema, name);
          ObjectNode one = shown.addObject().put("name", name);
          argument.optionalText("title").ifPresent(text -> one.put("title", text));
          argument.optionalText("description").ifPresent(text -> one.put("description", text));
          boolean required = argument.flag("required", false);
          one.put("required", required);
          if (required) {
            schema.withArray("/required").add(name);
          }
          values.put(name, argument.texts("values"));
          argument.done();
        });
    return new Arguments(
        ArgumentSchema.of(schema, text -> section.problem("arguments", text)), shown, values);
  }

  private static Tool call(
      Origin origin, String name, ConfigSection section, ArgumentSchema arguments, Work work) {
    if (!section.has("rar")) {
      section.problem("rar", "missing; what a read asks for");
    }
    RarTemplate details =
        RarTemplate.compile(
            section.tree("rar"), arguments.source(), text -> section.problem("rar", text));
    var grant = new Tool.Grant(section.text("scope"), origin.audience());
    // A wrong name is told already.
    String usable = Tool.isName(name) ? name : "unnamed";
    KnownVersions versions = KnownVersions.read(section, section.tree("rar"));
    return new Tool(
        usable, StrictJson.object(), arguments, details, versions, grant, Optional.empty(), work);
  }

  private static Optional<String> role(Origin origin, ConfigSection section) {
    Optional<String> role = section.optionalText("role");
    if (origin.credential instanceof Credential.Login != role.isPresent()) {
      section.problem("role", "goes with servers that take a database login, and only with them");
    }
    return role;
  }

  private UriTemplate uri(ConfigSection section) {
    UriTemplate uri = UriTemplate.read(section.text("uri"), text -> section.problem("uri", text));
    if (!uris.add(uri.text())) {
      section.problem("uri", "another resource has it too");
    }
    return uri;
  }

  private void checkName(String key, String name, ConfigSection section) {
    if (!Tool.isName(name)) {
      section.problem("name", "a name must have 1 to 128 of [A-Za-z0-9_.-], prefix included");
    }
    if (!names.add(key)) {
      section.problem("name", "another one would have this name too");
    }
  }

  private static ObjectNode shown(ConfigSection section) {
    ObjectNode shown = StrictJson.object();
    section.optionalText("title").ifPresent(text -> shown.put("title", text));
    section.optionalText("description").ifPresent(text -> shown.put("description", text));
    return shown;
  }

  private static ObjectNode schema() {
    ObjectNode schema = StrictJson.object().put("type", "object");
    schema.put("additionalProperties", false).putObject("properties");
    return schema;
  }

  private static void property(ObjectNode schema, String name) {
    schema
        .withObject("/properties")
        .putObject(name)
        .put("type", "string")
        .put("maxLength", MAX_VALUE);
  }
}
