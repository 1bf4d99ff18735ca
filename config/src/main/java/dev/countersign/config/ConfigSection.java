package dev.countersign.config;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// One mapping of a configuration file. Readers take what they know; [#done] reports the rest.
///
/// A getter that finds nothing usable notes a problem and returns a harmless value, so that one
/// pass finds every problem; nothing may be started before [Problems#throwIfAny]. One thread at a
/// time.
public final class ConfigSection {
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");
  private static final Pattern VARIABLE =
      Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?}");
  private static final String FILE_PREFIX = "file:";

  private final ConfigFile.Source source;
  private final String path;
  private final MappingNode node;
  private final Problems problems;
  private final Map<String, Node> values = new LinkedHashMap<>();
  private final Set<String> known = new LinkedHashSet<>();

  ConfigSection(ConfigFile.Source source, String path, MappingNode node, Problems problems) {
    this.source = source;
    this.path = path;
    this.node = node;
    this.problems = problems;
    for (NodeTuple entry : node.getValue()) {
      if (entry.getKeyNode() instanceof ScalarNode key) {
        values.put(key.getValue(), entry.getValueNode());
      } else {
        problems.add(where(entry.getKeyNode()), path, "keys must be plain text");
      }
    }
  }

  /// Whether the key is there with a value.
  public boolean has(String key) {
    known.add(key);
    Node value = values.get(key);
    return value != null && !value.getTag().equals(Tag.NULL);
  }

  /// `file:line` of a key, or of the section where the key is missing.
  public String where(String key) {
    Node value = values.get(key);
    return where(value == null ? node : value);
  }

  /// The folder that relative paths of this file start from.
  public Path folder() {
    Path absolute = source.file().toAbsolutePath();
    Path parent = absolute.getParent();
    return parent == null ? absolute : parent;
  }

  /// The keys, in the order of the file. Marks them all as known.
  public List<String> keys() {
    known.addAll(values.keySet());
    return List.copyOf(values.keySet());
  }

  /// Notes a problem with a key.
  public void problem(String key, String message) {
    problems.add(where(key), full(key), message);
  }

  /// A text that must be there.
  public String text(String key) {
    return optionalText(key).orElseGet(() -> missing(key, "text", ""));
  }

  /// A text; `${NAME}` in it is replaced by the variable's value, `${NAME:text}` by `text` where
  /// there is no such variable.
  public Optional<String> optionalText(String key) {
    return scalar(key).map(value -> withEnvironment(key, value));
  }

  /// A whole number.
  public long integer(String key, long fallback) {
    Optional<String> value = optionalText(key);
    if (value.isEmpty()) {
      return fallback;
    }
    try {
      return Long.parseLong(value.get());
    } catch (NumberFormatException malformed) {
      problem(key, "must be a whole number");
      return fallback;
    }
  }

  /// A whole number that must be there.
  public long integer(String key) {
    return has(key) ? integer(key, 0) : missing(key, "whole number", 0L);
  }

  /// `true` or `false`.
  public boolean flag(String key, boolean fallback) {
    Optional<String> value = optionalText(key);
    if (value.isPresent() && !value.get().equals("true") && !value.get().equals("false")) {
      problem(key, "must be true or false");
    }
    return value.map("true"::equals).orElse(fallback);
  }

  /// A duration such as `60s` or `5m`.
  public Duration duration(String key, Duration fallback) {
    Optional<String> value = optionalText(key);
    if (value.isEmpty()) {
      return fallback;
    }
    Matcher matcher = DURATION.matcher(value.get());
    if (!matcher.matches()) {
      problem(key, "must be a duration such as 60s, 5m or 1h");
      return fallback;
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      case "h" -> Duration.ofHours(amount);
      default -> Duration.ofDays(amount);
    };
  }

  /// An absolute `http` or `https` address that must be there.
  public URI uri(String key) {
    return optionalUri(key)
        .orElseGet(() -> missing(key, "address", URI.create("http://127.0.0.1")));
  }

  /// An absolute `http` or `https` address.
  public Optional<URI> optionalUri(String key) {
    Optional<String> value = optionalText(key);
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      URI uri = URI.create(value.get());
      if (uri.getHost() != null
          && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
          && uri.getRawFragment() == null
          && uri.getRawUserInfo() == null) {
        return Optional.of(uri);
      }
    } catch (IllegalArgumentException malformed) {
      // told below, with the same words as any other unusable address
    }
    problem(key, "must be an address such as https://host:port/path");
    return Optional.of(URI.create("http://127.0.0.1"));
  }

  /// A list of texts; empty where the key is missing.
  public List<String> texts(String key) {
    if (!has(key)) {
      return List.of();
    }
    if (!(value(key) instanceof SequenceNode list)) {
      problem(key, "must be a list of texts");
      return List.of();
    }
    var texts = new ArrayList<String>();
    for (Node entry : list.getValue()) {
      if (entry instanceof ScalarNode scalar) {
        texts.add(withEnvironment(key, scalar.getValue()));
      } else {
        problems.add(where(entry), full(key), "must be a list of texts");
      }
    }
    return List.copyOf(texts);
  }

  /// A file or folder that must be named; relative to the folder of this file.
  public Path path(String key) {
    return optionalPath(key).orElseGet(() -> missing(key, "path", folder()));
  }

  /// A file or folder, relative to the folder of this file.
  public Optional<Path> optionalPath(String key) {
    return optionalText(key).map(value -> folder().resolve(value).normalize());
  }

  /// A secret that must be there: `${NAME}` or `file:path`, never the secret itself.
  public Secret secret(String key) {
    return optionalSecret(key)
        .orElseGet(() -> missing(key, "secret, as ${NAME} or file:path", new Secret("")));
  }

  /// A secret: `${NAME}` for a variable of the environment, `file:path` for a file's first line.
  public Optional<Secret> optionalSecret(String key) {
    Optional<String> value = scalar(key);
    if (value.isEmpty()) {
      return Optional.empty();
    }
    String text = value.get();
    if (VARIABLE.matcher(text).matches()) {
      return Optional.of(new Secret(withEnvironment(key, text)));
    }
    if (text.startsWith(FILE_PREFIX)) {
      String name = withEnvironment(key, text.substring(FILE_PREFIX.length()));
      return Optional.of(new Secret(firstLine(key, name)));
    }
    problem(key, "a secret must not stand in the file; write ${NAME} or file:path");
    return Optional.of(new Secret(""));
  }

  /// A section that must be there.
  public ConfigSection section(String key) {
    return optionalSection(key).orElseGet(() -> missing(key, "section", empty(key)));
  }

  /// A section.
  public Optional<ConfigSection> optionalSection(String key) {
    if (!has(key)) {
      return Optional.empty();
    }
    if (value(key) instanceof MappingNode mapping) {
      return Optional.of(new ConfigSection(source, full(key), mapping, problems));
    }
    problem(key, "must be a section of `key: value` lines");
    return Optional.of(empty(key));
  }

  /// A list of sections; empty where the key is missing.
  public List<ConfigSection> sections(String key) {
    if (!has(key)) {
      return List.of();
    }
    if (!(value(key) instanceof SequenceNode list)) {
      problem(key, "must be a list");
      return List.of();
    }
    var sections = new ArrayList<ConfigSection>();
    for (Node entry : list.getValue()) {
      String entryPath = full(key) + "[" + sections.size() + "]";
      if (entry instanceof MappingNode mapping) {
        sections.add(new ConfigSection(source, entryPath, mapping, problems));
      } else {
        problems.add(where(entry), entryPath, "must be a section of `key: value` lines");
      }
    }
    return List.copyOf(sections);
  }

  /// A section whose keys are names that the operator chose; empty where the key is missing.
  public Map<String, ConfigSection> named(String key) {
    var named = new LinkedHashMap<String, ConfigSection>();
    Optional<ConfigSection> section = optionalSection(key);
    if (section.isPresent()) {
      for (String name : section.get().keys()) {
        named.put(name, section.get().section(name));
      }
    }
    return named;
  }

  /// The value as a JSON tree, for parts that have a shape of their own; null where it is missing.
  public JsonNode tree(String key) {
    known.add(key);
    Node value = values.get(key);
    return value == null ? JsonNodeFactory.instance.nullNode() : json(key, value);
  }

  /// Reports every key that nobody asked for.
  public void done() {
    for (Map.Entry<String, Node> entry : values.entrySet()) {
      if (!known.contains(entry.getKey())) {
        String hint =
            nearest(entry.getKey())
                .map(name -> "; did you mean `" + name + "`?")
                .orElse("; known here: " + String.join(", ", known));
        problems.add(where(entry.getValue()), full(entry.getKey()), "unknown key" + hint);
      }
    }
  }

  private Optional<String> scalar(String key) {
    if (!has(key)) {
      return Optional.empty();
    }
    if (value(key) instanceof ScalarNode scalar) {
      return Optional.of(scalar.getValue());
    }
    problem(key, "must be one value, not a list or section");
    return Optional.empty();
  }

  private Node value(String key) {
    Node value = values.get(key);
    if (value == null) {
      throw new IllegalStateException("asked for a key that is not there");
    }
    return value;
  }

  private <T> T missing(String key, String kind, T harmless) {
    if (!has(key)) {
      problems.add(where(node), full(key), "missing; a " + kind + " is needed here");
    }
    return harmless;
  }

  private ConfigSection empty(String key) {
    return new ConfigSection(
        source,
        full(key),
        new MappingNode(Tag.MAP, List.of(), node.getFlowStyle()),
        new Problems());
  }

  private String full(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private String where(Node at) {
    return source.file() + at.getStartMark().map(mark -> ":" + (mark.getLine() + 1)).orElse("");
  }

  /// Notes a problem at one character of a text, with its line and column in the file.
  ///
  /// @param offset index in the text as [#text] gives it
  public void problem(String key, int offset, String message) {
    Node value = values.get(key);
    Optional<Mark> start = value == null ? Optional.empty() : value.getStartMark();
    if (!(value instanceof ScalarNode scalar)
        || start.isEmpty()
        || !optionalText(key).orElse("").equals(scalar.getValue())) {
      problem(key, message);
      return;
    }
    var place = TextPlace.find(source.text(), start.get().getIndex(), scalar.getValue(), offset);
    problems.add(source.file() + ":" + place.line() + ":" + place.column(), full(key), message);
  }

  private String withEnvironment(String key, String value) {
    if (!source.replaces()) {
      return value;
    }
    return VARIABLE
        .matcher(value)
        .replaceAll(variable -> {
          String found = source.variable(variable.group(1)).orElse(variable.group(2));
          if (found == null) {
            problem(key, "the variable " + variable.group(1) + " is not set");
          }
          return Matcher.quoteReplacement(found == null ? "" : found);
        });
  }

  private String firstLine(String key, String name) {
    Path secretFile = folder().resolve(name).normalize();
    try {
      String content = Files.readString(secretFile);
      int end = content.indexOf('\n');
      return (end < 0 ? content : content.substring(0, end)).strip();
    } catch (IOException unreadable) {
      problem(key, "the file " + secretFile + " cannot be read");
      return "";
    }
  }

  private JsonNode json(String key, Node value) {
    return switch (value) {
      case MappingNode mapping -> {
        var object = StrictJson.object();
        for (NodeTuple entry : mapping.getValue()) {
          if (entry.getKeyNode() instanceof ScalarNode name) {
            object.set(name.getValue(), json(key, entry.getValueNode()));
          } else {
            problems.add(where(entry.getKeyNode()), full(key), "keys must be plain text");
          }
        }
        yield object;
      }
      case SequenceNode list -> {
        var array = StrictJson.array();
        list.getValue().forEach(entry -> array.add(json(key, entry)));
        yield array;
      }
      case ScalarNode scalar -> scalarJson(scalar);
      default -> JsonNodeFactory.instance.nullNode();
    };
  }

  private static JsonNode scalarJson(ScalarNode scalar) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    String text = scalar.getValue();
    if (scalar.getTag().equals(Tag.NULL)) {
      return json.nullNode();
    }
    if (scalar.getTag().equals(Tag.BOOL)) {
      return json.booleanNode(Boolean.parseBoolean(text));
    }
    try {
      if (scalar.getTag().equals(Tag.INT)) {
        return json.numberNode(new BigInteger(text));
      }
      if (scalar.getTag().equals(Tag.FLOAT)) {
        return json.numberNode(new BigDecimal(text));
      }
    } catch (NumberFormatException notPlain) {
      // 0x1F, .inf and their like stay text; a schema that wants a number then refuses them
      return json.stringNode(text);
    }
    return json.stringNode(text);
  }

  private Optional<String> nearest(String key) {
    @Nullable String best = null;
    int bestDistance = 3;
    for (String candidate : known) {
      int distance = distance(key, candidate);
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return Optional.ofNullable(best);
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int above = row[j];
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, Math.min(above, row[j - 1]) + 1);
        diagonal = above;
      }
    }
    return row[b.length()];
  }
}
