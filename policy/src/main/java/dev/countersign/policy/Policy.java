package dev.countersign.policy;

import dev.cel.runtime.CelEvaluationException;
import dev.countersign.config.ConfigException;
import dev.countersign.config.ConfigFile;
import dev.countersign.config.Problems;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Decides by asking every rule about every element: any kill kills, else any deny denies, else any
/// step-up steps up, else any permit permits. An element that no rule speaks about is denied.
///
/// A rule that cannot be evaluated denies: a broken rule or a missing attribute may cost someone an
/// operation, it never grants one. The order of rules and elements means nothing. Threads may share
/// it.
public final class Policy {
  private static final Comparator<Match> MOST_SEVERE_FIRST =
      Comparator.comparing(Match::outcome)
          .reversed()
          .thenComparingInt(Match::element)
          .thenComparing(Match::rule);
  private static final int WHOLE_REQUEST = -1;

  private final TypeRegistry types;
  private final Attributes attributes;
  private final ObjectNode capsJson;
  private final Map<String, Object> caps;
  private final Map<String, List<Rule>> rulesByType;
  private final String version;

  Policy(
      TypeRegistry types,
      Attributes attributes,
      ObjectNode caps,
      List<Rule> rules,
      String version) {
    this.types = types;
    this.attributes = attributes;
    this.capsJson = caps;
    var values = new TreeMap<String, Object>();
    caps.properties().forEach(cap -> values.put(cap.getKey(), Values.of(cap.getValue())));
    this.caps = values;
    this.rulesByType = new HashMap<>();
    for (String type : types.types()) {
      rulesByType.put(type, rules.stream().filter(rule -> rule.concerns(type)).toList());
    }
    this.version = version;
  }

  /// Reads a policy file and checks every rule against the registered types, the declared
  /// attributes and the caps.
  ///
  /// @throws ConfigException naming every problem
  public static Policy load(Path file, TypeRegistry types) {
    var problems = new Problems();
    Policy policy = new PolicyReader(types).read(ConfigFile.read(file, problems));
    problems.throwIfAny();
    return policy;
  }

  /// Digest of rules, attributes, caps and types: SHA-256, base64url, of their canonical form.
  /// Comments and spelling of the files do not change it; everything that can change a decision,
  /// and the order of the rules, does.
  public String version() {
    return version;
  }

  /// The names of the attributes that rules may read about a person.
  public Set<String> attributes() {
    return attributes.names();
  }

  /// Decides about a request whose details [TypeRegistry#check] accepted. Depends on nothing but
  /// the request.
  public Decision decide(AccessRequest request) {
    Attributes.Known known = attributes.read(request.attributes());
    var asked = new Asked(request, known, variables(request, known));
    var matches = new ArrayList<Match>();
    requireAttributes(known, matches);
    List<AuthorizationDetails.Element> elements = request.details().elements();
    for (int i = 0; i < elements.size(); i++) {
      decide(asked, elements, i, matches);
    }
    matches.sort(MOST_SEVERE_FIRST);
    Match first = matches.getFirst();
    return switch (first.outcome()) {
      case PERMIT -> new Decision.Permit(version, first.reason(), matches);
      case STEP_UP -> new Decision.StepUp(version, first.reason(), matches);
      case DENY -> new Decision.Deny(version, first.reason(), matches);
      case KILL -> new Decision.Kill(version, first.reason(), matches);
    };
  }

  private void requireAttributes(Attributes.Known known, List<Match> matches) {
    attributes
        .declared()
        .forEach((name, attribute) -> {
          String problem = known.missing().get(name);
          if (attribute.isRequired() && problem != null) {
            matches.add(
                new Match(Match.ATTRIBUTES, Outcome.DENY, WHOLE_REQUEST, problem, Map.of()));
          }
        });
  }

  private void decide(
      Asked asked, List<AuthorizationDetails.Element> elements, int index, List<Match> matches) {
    AuthorizationDetails.Element element = elements.get(index);
    List<Rule> rules = rulesByType.getOrDefault(element.type(), List.of());
    int before = matches.size();
    @Nullable Map<String, Object> typed = null;
    @Nullable Map<String, Object> untyped = null;
    for (Rule rule : rules) {
      try {
        Map<String, Object> variables;
        if (rule.type().equals(Rule.EVERY_TYPE)) {
          untyped = untyped == null ? about(asked, elements, element, false) : untyped;
          variables = untyped;
        } else {
          typed = typed == null ? about(asked, elements, element, true) : typed;
          variables = typed;
        }
        if (rule.when().holds(variables)) {
          Map<String, JsonNode> values = values(rule, asked, element);
          matches.add(new Match(rule.name(), rule.then(), index, rule.reason(), values));
        }
      } catch (CelEvaluationException | RuntimeException broken) {
        matches.add(broken(rule, asked, element, index, broken));
      }
    }
    if (matches.size() == before) {
      String reason =
          types.find(element.type()).isEmpty()
              ? "the type of the request is not known"
              : "no rule permits this";
      matches.add(new Match(Match.NO_RULE, Outcome.DENY, index, reason, Map.of()));
    }
  }

  private static Map<String, Object> variables(AccessRequest request, Attributes.Known known) {
    var subject = new HashMap<>(known.values());
    subject.put(PolicyReader.KEY, request.subject());
    subject.put(PolicyReader.ANCHOR, request.anchor());
    var variables = new HashMap<String, Object>();
    variables.put(Conditions.SUBJECT, subject);
    variables.put(Conditions.CLIENT, request.client());
    variables.put(Conditions.ACTOR, request.actor());
    variables.put(Conditions.SCOPES, request.scopes().stream().sorted().toList());
    variables.put(Conditions.NOW, request.now());
    return variables;
  }

  private Map<String, Object> about(
      Asked asked,
      List<AuthorizationDetails.Element> elements,
      AuthorizationDetails.Element element,
      boolean sameType) {
    var variables = new HashMap<>(asked.variables());
    variables.put(Conditions.CAPS, caps);
    variables.put(Conditions.REQUEST, Values.of(element.json()));
    variables.put(
        Conditions.REQUESTS,
        elements.stream()
            .filter(other -> !sameType || other.type().equals(element.type()))
            .map(other -> Values.of(other.json()))
            .toList());
    return variables;
  }

  private Match broken(
      Rule rule, Asked asked, AuthorizationDetails.Element element, int index, Exception broken) {
    String reason =
        rule.when().reads().stream()
            .sorted()
            .filter(path -> path.startsWith(Conditions.SUBJECT + "."))
            .map(path -> asked.known().missing().get(path.substring(path.indexOf('.') + 1)))
            .filter(problem -> problem != null)
            .findFirst()
            .orElse("the rule `" + rule.name() + "` could not be evaluated");
    var values = new TreeMap<>(values(rule, asked, element));
    String cause =
        broken instanceof CelEvaluationException evaluation
            ? evaluation.getErrorCode().name()
            : broken.getClass().getSimpleName();
    values.put("(error)", JsonNodeFactory.instance.stringNode(cause));
    return new Match(rule.name(), Outcome.DENY, index, reason, values);
  }

  private Map<String, JsonNode> values(
      Rule rule, Asked asked, AuthorizationDetails.Element element) {
    var values = new TreeMap<String, JsonNode>();
    for (String path : rule.when().reads()) {
      Optional<JsonNode> value = value(path, asked, element);
      value.ifPresent(found -> values.put(path, found));
    }
    return values;
  }

  private Optional<JsonNode> value(String path, Asked asked, AuthorizationDetails.Element element) {
    int dot = path.indexOf('.');
    String root = dot < 0 ? path : path.substring(0, dot);
    String rest = dot < 0 ? "" : path.substring(dot + 1);
    JsonNodeFactory json = JsonNodeFactory.instance;
    AccessRequest request = asked.request();
    JsonNode value =
        switch (root) {
          case Conditions.REQUEST -> at(element.json(), rest);
          case Conditions.CAPS -> at(capsJson, rest);
          case Conditions.CLIENT -> json.stringNode(request.client());
          case Conditions.ACTOR -> json.stringNode(request.actor());
          case Conditions.NOW -> json.stringNode(request.now().toString());
          case Conditions.SCOPES -> {
            var scopes = StrictJson.array();
            request.scopes().stream().sorted().forEach(scopes::add);
            yield scopes;
          }
          case Conditions.REQUESTS -> json.numberNode(request.details().elements().size());
          case Conditions.SUBJECT -> subject(request, rest);
          default -> json.missingNode();
        };
    return value.isMissingNode() ? Optional.empty() : Optional.of(value);
  }

  private static JsonNode subject(AccessRequest request, String name) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    if (name.equals(PolicyReader.KEY)) {
      return json.stringNode(request.subject());
    }
    if (name.equals(PolicyReader.ANCHOR)) {
      return json.stringNode(request.anchor());
    }
    Attribute attribute = request.attributes().get(name);
    return attribute == null ? json.missingNode() : attribute.value();
  }

  private static JsonNode at(JsonNode root, String path) {
    JsonNode value = root;
    for (String name : path.isEmpty() ? new String[0] : path.split("\\.")) {
      value = value.path(name);
    }
    return value;
  }

  /// One request with what was made of it once, for all its elements.
  private record Asked(
      AccessRequest request, Attributes.Known known, Map<String, Object> variables) {}
}
