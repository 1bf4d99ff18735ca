package dev.countersign.policy;

import dev.countersign.config.ConfigException;
import dev.countersign.config.ConfigFile;
import dev.countersign.config.ConfigSection;
import dev.countersign.config.Problems;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/// Decides by asking every rule about every element: any kill kills, else any deny denies, else any
/// step-up steps up, else any permit permits. An element that no rule speaks about is denied, and
/// so is one above the ceiling of the agent.
///
/// A rule that cannot be evaluated denies: a broken rule or a missing attribute may cost someone an
/// operation, it never grants one. The order of rules and elements means nothing. Threads may share
/// it.
public final class Policy {
  private final TypeRegistry types;
  private final Attributes attributes;
  private final List<ResourceFacts> resources;
  private final ObjectNode capsJson;
  private final Map<String, Object> caps;
  private final HistoryPlan history;
  private final Map<String, Ceiling> ceilings;
  private final List<Rule> rules;
  private final Map<String, List<Rule>> rulesByType;
  private final Map<String, HistoryPlan> historyByType;
  private final String document;
  private final String version;

  /// @param content the policy file's content in one spelling
  Policy(
      TypeRegistry types,
      Attributes attributes,
      List<ResourceFacts> resources,
      ObjectNode caps,
      HistoryPlan history,
      Map<String, Ceiling> ceilings,
      List<Rule> rules,
      ObjectNode content) {
    this.types = types;
    this.attributes = attributes;
    this.resources = List.copyOf(resources);
    this.capsJson = caps;
    var values = new TreeMap<String, Object>();
    caps.properties().forEach(cap -> values.put(cap.getKey(), Values.of(cap.getValue())));
    this.caps = values;
    this.history = history;
    this.ceilings = Map.copyOf(ceilings);
    this.rules = List.copyOf(rules);
    this.rulesByType = new HashMap<>();
    this.historyByType = new HashMap<>();
    for (String type : types.types()) {
      List<Rule> about =
          rules.stream()
              .filter(rule -> rule.concerns(type))
              .sorted(Rule.MOST_SEVERE_FIRST)
              .toList();
      rulesByType.put(type, about);
      historyByType.put(type, history.about(type, named(about)));
    }
    ObjectNode whole = StrictJson.object();
    whole.set("types", types.definitions());
    whole.set("policy", content);
    this.document = StrictJson.canonical(whole);
    this.version = Digest.sha256(document);
  }

  private static Set<String> named(Collection<Rule> rules) {
    var names = new HashSet<String>();
    for (Rule rule : rules) {
      names.addAll(rule.when().names(Conditions.HISTORY));
      names.addAll(rule.when().names(Conditions.TOTAL));
    }
    return names;
  }

  /// Reads a policy file and checks every rule against the registered types, the declared
  /// attributes, counters and caps.
  ///
  /// @throws ConfigException naming every problem with its file, line and column
  public static Policy load(Path file, TypeRegistry types) {
    var problems = new Problems();
    Policy policy = new PolicyReader(types).read(ConfigFile.read(file, problems));
    problems.throwIfAny();
    return policy;
  }

  /// Reads a policy with its types back from [#document].
  ///
  /// @param name what problems are told under
  /// @throws ConfigException naming every problem, such as those of a version that a newer program
  ///   wrote
  public static Policy parse(String name, String document) {
    var problems = new Problems();
    ConfigSection whole = ConfigFile.parse(name, document, problems);
    TypeRegistry types = new TypeReader(problems).read(whole.section("types"));
    problems.throwIfAny();
    Policy policy = new PolicyReader(types).read(whole.section("policy"));
    whole.done();
    problems.throwIfAny();
    return policy;
  }

  /// Digest of [#document]: SHA-256, base64url. Comments and spelling of the files do not change
  /// it; everything that can change a decision, and the order of the rules, does.
  public String version() {
    return version;
  }

  /// The whole content, types included, in one spelling: what is stored under [#version].
  public String document() {
    return document;
  }

  /// The types that the rules were checked against.
  public TypeRegistry types() {
    return types;
  }

  /// The names of the attributes that rules may read about a person.
  public Set<String> attributes() {
    return attributes.names();
  }

  /// The names of those whom rules want told.
  public Set<String> notified() {
    var names = new TreeSet<String>();
    rules.forEach(rule -> names.addAll(rule.told()));
    return names;
  }

  /// The factors that rules name.
  public Set<Factor> factors() {
    var factors = new TreeSet<Factor>();
    rules.forEach(rule -> factors.addAll(rule.stepUp().factors()));
    return factors;
  }

  /// The trust anchors whose people rules want to approve for others.
  public Set<String> approversAnchors() {
    var anchors = new TreeSet<String>();
    for (Rule rule : rules) {
      rule.stepUp().by().forEach(by -> anchors.addAll(by.anchors()));
    }
    return anchors;
  }

  /// The clients and actors that have a ceiling.
  public Set<String> ceilings() {
    return new TreeSet<>(ceilings.keySet());
  }

  /// The number of rules.
  public int size() {
    return rules.size();
  }

  /// The number of rules that are asked about elements of a type.
  public int rulesAbout(String type) {
    return rules(type).size();
  }

  /// The names of counters and patterns.
  public Set<String> counters() {
    var names = new TreeSet<String>();
    history.counters().forEach(counter -> names.add(counter.name()));
    history.patterns().forEach(pattern -> names.add(pattern.name()));
    return names;
  }

  /// The keys of the histories that a decision about this request needs; empty for most.
  public Set<String> scopes(AccessRequest request) {
    return history.isEmpty() ? Set.of() : plan(request.details().elements()).scopes(request);
  }

  /// The keys under which facts about the things that a request is about are kept; empty for most.
  public Set<String> resources(AccessRequest request) {
    if (resources.isEmpty()) {
      return Set.of();
    }
    var keys = new TreeSet<String>();
    for (AuthorizationDetails.Element element : request.details().elements()) {
      Map<String, Object> variables;
      try {
        variables = Map.of(Conditions.REQUEST, Values.of(element.json()));
      } catch (IllegalArgumentException unreadable) {
        continue; // nothing is decided on it either
      }
      resources(element.type())
          .forEach(resource -> resource.storeKey(variables).ifPresent(keys::add));
    }
    return keys;
  }

  /// The names of the facts that are declared about resources.
  public Set<String> resourceAttributes() {
    var names = new TreeSet<String>();
    resources.forEach(resource -> names.addAll(resource.attributes().names()));
    return names;
  }

  /// Facts about things under keys that the ledger may hold: where a type redacts the member that
  /// names a thing, the key does not name it either.
  public Map<String, Map<String, Attribute>> resourcesForAudit(AccessRequest request) {
    if (request.resources().isEmpty()) {
      return Map.of();
    }
    var kept = new TreeMap<String, Map<String, Attribute>>();
    for (AuthorizationDetails.Element element : request.details().elements()) {
      ObjectNode redacted =
          types
              .find(element.type())
              .map(type -> type.redaction().element(element.json()))
              .orElseGet(element::json);
      for (ResourceFacts resource : resources(element.type())) {
        resource
            .storeKey(Map.of(Conditions.REQUEST, Values.of(element.json())))
            .map(request.resources()::get)
            .ifPresent(facts ->
                kept.put(
                    resource
                        .storeKey(Map.of(Conditions.REQUEST, Values.of(redacted)))
                        .orElse(resource.name() + ":" + Redaction.MARK),
                    facts));
      }
    }
    return kept;
  }

  /// Whether rules, counters or names of things read what the ledger does not hold of these
  /// details: then a decision about them cannot be taken again from there.
  public boolean readsRedacted(AuthorizationDetails details) {
    return details.elements().stream()
        .map(AuthorizationDetails.Element::type)
        .distinct()
        .anyMatch(type -> types.find(type).filter(this::readsRedacted).isPresent());
  }

  private boolean readsRedacted(RegisteredType type) {
    if (type.redaction().pointers().isEmpty()) {
      return false;
    }
    String name = type.name();
    return Stream.of(
            rules(name).stream().map(Rule::when),
            history.counters().stream()
                .filter(counter -> counter.takes(name))
                .flatMap(counter -> Stream.of(counter.where(), counter.value())),
            history.patterns().stream()
                .flatMap(pattern -> pattern.steps().stream())
                .filter(step -> step.takes(name))
                .flatMap(step -> Stream.of(step.where(), step.value())),
            resources(name).stream().map(ResourceFacts::key))
        .flatMap(conditions -> conditions)
        .filter(Objects::nonNull)
        .flatMap(condition -> condition.reads().stream())
        .anyMatch(read ->
            read.root().equals(Conditions.REQUESTS) || type.redaction().covers(read.path()));
  }

  List<ResourceFacts> resources(String type) {
    return resources.isEmpty()
        ? List.of()
        : resources.stream().filter(resource -> resource.type().equals(type)).toList();
  }

  /// Decides about a request of somebody who has no history yet.
  public Decision decide(AccessRequest request) {
    var scopes = new HashMap<String, ScopeHistory>();
    scopes(request).forEach(scope -> scopes.put(scope, ScopeHistory.EMPTY));
    return evaluate(request, History.of(Stage.FIRST, scopes)).decision();
  }

  /// Decides about a request whose details [TypeRegistry#check] accepted. Depends on nothing but
  /// the arguments.
  ///
  /// @param past the histories that [#scopes] names
  public Evaluation evaluate(AccessRequest request, History past) {
    return new Inquiry(this, request, past).answer();
  }

  HistoryPlan plan(List<AuthorizationDetails.Element> elements) {
    if (history.isEmpty()) {
      return HistoryPlan.NONE;
    }
    if (elements.size() == 1) {
      return historyByType.getOrDefault(elements.getFirst().type(), HistoryPlan.NONE);
    }
    return HistoryPlan.union(
        elements.stream()
            .map(element -> historyByType.getOrDefault(element.type(), HistoryPlan.NONE))
            .toList());
  }

  List<Rule> rules(String type) {
    return rulesByType.getOrDefault(type, List.of());
  }

  List<ResourceFacts> resourceFacts() {
    return resources;
  }

  Attributes declared() {
    return attributes;
  }

  Map<String, Object> caps() {
    return caps;
  }

  ObjectNode capsJson() {
    return capsJson;
  }

  /// The ceiling of a client or actor.
  Optional<Ceiling> ceiling(String agent) {
    Ceiling own = ceilings.get(agent);
    return Optional.ofNullable(own == null ? ceilings.get(Ceiling.OTHERS) : own);
  }
}
