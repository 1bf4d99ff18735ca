package dev.countersign.policy;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads a policy file.
///
/// ```yaml
/// attributes:
///   refund_limit: { type: int, minimum: 0, maximum: 1000000 }
/// caps:
///   hard_cap: 200000
/// rules:
///   - name: within-limit
///     type: urn:example:refund
///     when: request.amount <= subject.refund_limit
///     then: permit
/// ```
final class PolicyReader {
  /// Member of `subject` that every person has: the subject key.
  static final String KEY = "key";

  /// Member of `subject` that every person has: the trust anchor.
  static final String ANCHOR = "anchor";

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,63}");
  private static final Pattern RULE_NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
  private static final Pattern NOTIFIED = Pattern.compile("[a-z0-9][a-z0-9_-]{0,63}");
  private static final Duration LONGEST_APPROVAL = Duration.ofMinutes(10);
  private static final int LONGEST_REASON = 200;
  private static final int MOST_RULES = 5_000;

  private final TypeRegistry types;
  private final ObjectNode content = StrictJson.object();
  private final Map<String, Conditions> conditions = new HashMap<>();
  private final Map<String, Conditions> withoutHistory = new HashMap<>();
  private final HistoryReader history = new HistoryReader(this::withoutHistory);
  private final ObjectNode caps = StrictJson.object();
  private final TreeMap<String, Attributes.Declared> attributes = new TreeMap<>();
  private List<ResourceFacts> resources = List.of();

  PolicyReader(TypeRegistry types) {
    this.types = types;
  }

  Policy read(ConfigSection file) {
    attributes(file, content, attributes);
    caps(file);
    resources = new ResourceReader(this::withoutHistory).read(file, content);
    withoutHistory.clear(); // from here on, conditions may read them
    HistoryPlan plan = history.read(file, content);
    plan.counters().stream()
        .filter(this::keepsWhatIsRedacted)
        .forEach(counter ->
            file.problem(
                "counters", "`" + counter.name() + "` would keep a member that its type redacts"));
    Map<String, Ceiling> ceilings = new CeilingReader(types).read(file, content);
    List<Rule> rules = rules(file);
    file.done();
    return new Policy(
        types, new Attributes(attributes), resources, caps, plan, ceilings, rules, content);
  }

  /// The last value is kept in clear, all others as digests.
  private boolean keepsWhatIsRedacted(Counter counter) {
    Condition value = counter.value();
    return counter.measure() == Measure.LAST
        && value != null
        && value.reads().stream()
            .anyMatch(read ->
                types
                    .find(counter.type())
                    .filter(type -> type.redaction().covers(read.path()))
                    .isPresent());
  }

  static void attributes(
      ConfigSection file, ObjectNode content, Map<String, Attributes.Declared> attributes) {
    ObjectNode declared = content.putObject("attributes");
    for (Map.Entry<String, ConfigSection> entry : file.named("attributes").entrySet()) {
      String name = entry.getKey();
      ConfigSection section = entry.getValue();
      Optional<Attributes.Kind> kind =
          choose(
              section,
              "type",
              Attributes.Kind.values(),
              value -> value.name().toLowerCase(Locale.ROOT));
      boolean isRequired = section.flag("required", false);
      long minimum = section.integer("minimum", Long.MIN_VALUE);
      long maximum = section.integer("maximum", Long.MAX_VALUE);
      Duration maxAge = section.duration("max-age", Duration.ZERO);
      List<String> sources = section.texts("sources");
      boolean hasRange = section.has("minimum") || section.has("maximum");
      section.done();
      if (!NAME.matcher(name).matches() || name.equals(KEY) || name.equals(ANCHOR)) {
        section.problem("type", "the attribute needs another name: a-z, 0-9, _, not key or anchor");
      }
      if (hasRange && kind.isPresent() && kind.get() != Attributes.Kind.INT) {
        section.problem("type", "only an int has `minimum` and `maximum`");
      }
      if (minimum > maximum) {
        section.problem("minimum", "must not be above `maximum`");
      }
      if (kind.isPresent()) {
        attributes.put(
            name,
            new Attributes.Declared(
                kind.get(), isRequired, minimum, maximum, maxAge, Set.copyOf(sources)));
        ObjectNode written = declared.putObject(name);
        written.put("type", kind.get().name().toLowerCase(Locale.ROOT));
        written.put("required", isRequired);
        if (kind.get() == Attributes.Kind.INT) {
          written.put("minimum", minimum).put("maximum", maximum);
        }
        if (maxAge.isPositive()) {
          written.put("max_age", maxAge.toString());
        }
        if (!sources.isEmpty()) {
          ArrayNode believed = written.putArray("sources");
          sources.forEach(believed::add);
        }
      }
    }
  }

  private void caps(ConfigSection file) {
    Optional<ConfigSection> section = file.optionalSection("caps");
    if (section.isPresent()) {
      for (String name : section.get().keys()) {
        JsonNode value = section.get().tree(name);
        if (!NAME.matcher(name).matches()) {
          section.get().problem(name, "a cap is named with a-z, 0-9 and _");
        } else if (shape(value).isEmpty()) {
          section
              .get()
              .problem(name, "must be a whole number, a text, true, false or a list of texts");
        } else {
          caps.set(name, value);
        }
      }
    }
    content.set("caps", caps);
  }

  private static Optional<Shape> shape(JsonNode value) {
    return Arrays.stream(Attributes.Kind.values())
        .filter(kind ->
            switch (kind) {
              case INT -> value.isIntegralNumber() && value.canConvertToLong();
              case STRING -> value.isString();
              case BOOL -> value.isBoolean();
              case STRINGS -> value.isArray() && value.valueStream().allMatch(JsonNode::isString);
            })
        .map(Attributes.Kind::shape)
        .findFirst();
  }

  private List<Rule> rules(ConfigSection file) {
    var rules = new ArrayList<Rule>();
    var names = new HashSet<String>();
    ArrayNode written = content.putArray("rules");
    List<ConfigSection> sections = file.sections("rules");
    if (sections.isEmpty()) {
      file.problem("rules", "missing; without a rule everything is denied");
    }
    if (sections.size() > MOST_RULES) {
      file.problem("rules", "more than " + MOST_RULES + " rules");
      return rules;
    }
    for (ConfigSection section : sections) {
      rule(section, names, written).ifPresent(rules::add);
    }
    return rules;
  }

  private Optional<Rule> rule(ConfigSection section, Set<String> names, ArrayNode written) {
    String name = section.text("name");
    String type = section.optionalText("type").orElse(Rule.EVERY_TYPE);
    String when = section.text("when");
    Optional<Outcome> then = choose(section, "then", Outcome.values(), Outcome::code);
    Optional<String> reason = section.optionalText("reason");
    StepUpOptions stepUp = stepUp(section, then);
    List<String> notify = notified(section);
    section.done();
    if (!name.isEmpty() && !RULE_NAME.matcher(name).matches()) {
      section.problem("name", "a rule is named with a-z, 0-9 and -");
    }
    if (!name.isEmpty() && !names.add(name)) {
      section.problem("name", "there is already a rule of this name");
    }
    if (reason.isPresent()
        && (reason.get().length() > LONGEST_REASON || Display.hasHidden(reason.get()))) {
      section.problem(
          "reason", "must be one line of at most " + LONGEST_REASON + " visible characters");
    }
    Optional<Conditions> checker = conditions(type, section);
    if (when.isEmpty() || then.isEmpty() || checker.isEmpty()) {
      return Optional.empty();
    }
    write(written.addObject().put("name", name), type, when, then.get(), reason, stepUp, notify);
    return checker
        .get()
        .compile(when, (offset, message) -> section.problem("when", offset, message))
        .map(condition ->
            new Rule(
                name,
                type,
                condition,
                then.get(),
                reason.orElseGet(() -> byDefault(then.get())),
                stepUp,
                notify));
  }

  private static void write(
      ObjectNode rule,
      String type,
      String when,
      Outcome then,
      Optional<String> reason,
      StepUpOptions stepUp,
      List<String> notify) {
    if (!type.equals(Rule.EVERY_TYPE)) {
      rule.put("type", type);
    }
    rule.put("when", when).put("then", then.code());
    reason.ifPresent(text -> rule.put("reason", text));
    if (!stepUp.equals(StepUpOptions.ANY)) {
      ObjectNode options = rule.putObject("step_up");
      if (!stepUp.factors().isEmpty()) {
        ArrayNode factors = options.putArray("factors");
        stepUp.factors().forEach(factor -> factors.add(factor.code()));
      }
      if (stepUp.answerWithin() != null) {
        options.put("answer_within", written(stepUp.answerWithin()));
      }
      if (stepUp.useWithin() != null) {
        options.put("use_within", written(stepUp.useWithin()));
      }
      if (!stepUp.by().isEmpty()) {
        ApproversReader.write(options.putObject("by"), stepUp.by().getFirst());
      }
    }
    if (!notify.isEmpty()) {
      ArrayNode names = rule.putArray("notify");
      notify.forEach(names::add);
    }
  }

  private static StepUpOptions stepUp(ConfigSection rule, Optional<Outcome> then) {
    Optional<ConfigSection> section = rule.optionalSection("step_up");
    if (section.isEmpty()) {
      return StepUpOptions.ANY;
    }
    if (then.isPresent() && then.get() != Outcome.STEP_UP) {
      rule.problem("step_up", "only a rule that says `then: step_up` has these options");
    }
    var factors = new LinkedHashSet<Factor>();
    List<String> known = Arrays.stream(Factor.values()).map(Factor::code).toList();
    for (String name : section.get().texts("factors")) {
      Optional<Factor> factor =
          Arrays.stream(Factor.values()).filter(one -> one.code().equals(name)).findFirst();
      factor.ifPresent(factors::add);
      if (factor.isEmpty()) {
        section
            .get()
            .problem(
                "factors",
                "must be of " + String.join(", ", known) + Nearest.didYouMean(name, known));
      }
    }
    if (section.get().has("factors") && factors.isEmpty()) {
      section.get().problem("factors", "name at least one, or leave the key out for any");
    }
    @Nullable Duration answer = limit(section.get(), "answer_within");
    @Nullable Duration use = limit(section.get(), "use_within");
    List<Approvers> by = ApproversReader.read(section.get());
    section.get().done();
    return new StepUpOptions(List.copyOf(factors), answer, use, by);
  }

  private static @Nullable Duration limit(ConfigSection section, String key) {
    if (!section.has(key)) {
      return null;
    }
    Duration limit = section.duration(key, LONGEST_APPROVAL);
    if (limit.compareTo(Duration.ofSeconds(1)) < 0 || limit.compareTo(LONGEST_APPROVAL) > 0) {
      section.problem(key, "must be between 1s and 10m");
      return LONGEST_APPROVAL;
    }
    return limit;
  }

  private static List<String> notified(ConfigSection section) {
    List<String> names = section.texts("notify");
    if (!names.stream().allMatch(name -> NOTIFIED.matcher(name).matches())) {
      section.problem("notify", "those who are told are named with a-z, 0-9, - and _");
    }
    return names.stream().distinct().toList();
  }

  private Optional<Conditions> conditions(String type, ConfigSection section) {
    return checked(type, section, conditions, history.past(), history.totals());
  }

  private Optional<Conditions> withoutHistory(String type, ConfigSection section) {
    return checked(type, section, withoutHistory, members(Map.of()), members(Map.of()));
  }

  private Optional<Conditions> checked(
      String type,
      ConfigSection section,
      Map<String, Conditions> compiled,
      Shape.Members past,
      Shape.Members totals) {
    Optional<RegisteredType> registered = types.find(type);
    if (!type.equals(Rule.EVERY_TYPE) && registered.isEmpty()) {
      section.problem("type", "no such type is registered" + Nearest.hint(type, types.types()));
      return Optional.empty();
    }
    return Optional.of(
        compiled.computeIfAbsent(
            type,
            _ ->
                new Conditions(
                    type.equals(Rule.EVERY_TYPE) ? Conditions.REQUEST : type,
                    registered.map(RegisteredType::shape).orElseGet(PolicyReader::anyElement),
                    subject(),
                    caps(),
                    past,
                    totals,
                    things(type))));
  }

  private static Shape.Members anyElement() {
    return members(Map.of("type", Shape.Scalar.TEXT));
  }

  private Shape.Members subject() {
    var shapes = new TreeMap<String, Shape>();
    shapes.put(KEY, Shape.Scalar.TEXT);
    shapes.put(ANCHOR, Shape.Scalar.TEXT);
    attributes.forEach((name, attribute) -> shapes.put(name, attribute.kind().shape()));
    return members(shapes);
  }

  private Shape.Members things(String type) {
    var shapes = new TreeMap<String, Shape>();
    for (ResourceFacts resource : resources) {
      if (resource.type().equals(type)) {
        var facts = new TreeMap<String, Shape>();
        resource
            .attributes()
            .declared()
            .forEach((name, attribute) -> facts.put(name, attribute.kind().shape()));
        shapes.put(resource.name(), members(facts));
      }
    }
    return members(shapes);
  }

  private Shape.Members caps() {
    var shapes = new TreeMap<String, Shape>();
    caps.properties()
        .forEach(cap -> shape(cap.getValue()).ifPresent(shape -> shapes.put(cap.getKey(), shape)));
    return members(shapes);
  }

  private static Shape.Members members(Map<String, Shape> shapes) {
    return new Shape.Members(new LinkedHashMap<>(shapes), shapes.keySet());
  }

  static <T> Optional<T> choose(
      ConfigSection section, String key, T[] choices, Function<T, String> word) {
    String chosen = section.text(key);
    Optional<T> found =
        Arrays.stream(choices).filter(choice -> word.apply(choice).equals(chosen)).findFirst();
    if (found.isEmpty() && !chosen.isEmpty()) {
      List<String> words = Arrays.stream(choices).map(word).collect(Collectors.toList());
      section.problem(
          key, "must be one of " + String.join(", ", words) + Nearest.didYouMean(chosen, words));
    }
    return found;
  }

  /// A duration as this file writes it.
  static String written(Duration duration) {
    long millis = duration.toMillis();
    return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
  }

  private static String byDefault(Outcome outcome) {
    return switch (outcome) {
      case PERMIT -> "permitted by policy";
      case STEP_UP -> "this needs your approval";
      case DENY -> "denied by policy";
      case KILL -> "refused by policy, and all sessions end";
    };
  }
}
