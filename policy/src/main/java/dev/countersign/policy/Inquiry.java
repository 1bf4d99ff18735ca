package dev.countersign.policy;

import com.google.common.collect.ImmutableSortedMap;
import dev.cel.runtime.CelEvaluationException;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// One request before one policy: what was made of it once, for all rules, and what they said.
final class Inquiry {
  private static final Comparator<Match> MOST_SEVERE_FIRST =
      Comparator.comparing(Match::outcome)
          .reversed()
          .thenComparingInt(Match::element)
          .thenComparing(Match::rule);
  private static final int WHOLE_REQUEST = -1;

  private final Policy policy;
  private final AccessRequest request;
  private final Attributes.Known known;
  private final List<AuthorizationDetails.Element> elements;
  private final List<Recall.Seen> seen;
  private final Recall recall;
  private final Map<String, String> unknown = new HashMap<>();
  private final List<Match> matches = new ArrayList<>();
  private final Set<String> notify = new LinkedHashSet<>();
  private @Nullable StepUpOptions options = StepUpOptions.ANY;

  Inquiry(Policy policy, AccessRequest request, History past) {
    this.policy = policy;
    this.request = request;
    this.known = policy.declared().read(request.attributes(), request.now());
    this.elements = request.details().elements();
    this.seen = seen();
    this.recall = Recall.of(policy.plan(elements), request, past, seen);
    for (Recall.Seen element : seen) {
      remember(element.typed());
      remember(element.untyped());
    }
  }

  private void remember(Map<String, Object> variables) {
    variables.put(Conditions.HISTORY, recall.before());
    variables.put(Conditions.TOTAL, recall.totals());
  }

  Evaluation answer() {
    requireAttributes();
    recall.broken().forEach((_, problem) -> deny(Match.HISTORY, WHOLE_REQUEST, problem));
    for (int i = 0; i < elements.size(); i++) {
      ask(i);
      hold(i);
    }
    if (options == null) {
      deny(Match.STEP_UP, WHOLE_REQUEST, "the rules ask for factors that exclude each other");
    }
    matches.sort(MOST_SEVERE_FIRST);
    Match first = matches.getFirst();
    var grounds = new Grounds(policy.version(), first.reason(), matches, List.copyOf(notify));
    Decision decision =
        switch (first.outcome()) {
          case PERMIT -> new Decision.Permit(grounds);
          case STEP_UP ->
              new Decision.StepUp(grounds, options == null ? StepUpOptions.ANY : options);
          case DENY -> new Decision.Deny(grounds);
          case KILL -> new Decision.Kill(grounds);
        };
    return new Evaluation(decision, recall);
  }

  private void deny(String rule, int element, String reason) {
    matches.add(new Match(rule, Outcome.DENY, element, reason, Map.of()));
  }

  private void requireAttributes() {
    policy
        .declared()
        .declared()
        .forEach((name, attribute) -> {
          String problem = known.missing().get(name);
          if (attribute.isRequired() && problem != null) {
            deny(Match.ATTRIBUTES, WHOLE_REQUEST, problem);
          }
        });
  }

  private void ask(int index) {
    AuthorizationDetails.Element element = elements.get(index);
    var typed = new Facts(seen.get(index).typed());
    var untyped = new Facts(seen.get(index).untyped());
    // most rules read the same few things
    var read = new IdentityHashMap<List<Condition.Read>, Map<String, JsonNode>>();
    int before = matches.size();
    for (Rule rule : policy.rules(element.type())) {
      try {
        if (rule.when().holds(rule.type().equals(Rule.EVERY_TYPE) ? untyped : typed)) {
          Map<String, JsonNode> values =
              read.computeIfAbsent(rule.when().reads(), reads -> values(reads, element));
          matches.add(new Match(rule.name(), rule.then(), index, rule.reason(), values));
          notify.addAll(rule.told());
          if (rule.then() == Outcome.STEP_UP && options != null) {
            options = options.and(rule.stepUp()).orElse(null);
          }
        }
      } catch (CelEvaluationException | RuntimeException broken) {
        matches.add(broken(rule, element, index, broken));
      }
    }
    if (matches.size() == before) {
      deny(
          Match.NO_RULE,
          index,
          policy.types().find(element.type()).isEmpty()
              ? "the type of the request is not known"
              : "no rule permits this");
    }
  }

  private void hold(int index) {
    hold(index, request.client());
    if (!request.actor().equals(request.client())) {
      hold(index, request.actor());
    }
  }

  private void hold(int index, String agent) {
    policy
        .ceiling(agent)
        .flatMap(ceiling -> ceiling.exceeded(elements.get(index), request.now()))
        .ifPresent(reason -> deny(Match.CEILING, index, reason));
  }

  /// The elements as conditions see them.
  private List<Recall.Seen> seen() {
    var subject = new HashMap<>(known.values());
    subject.put(PolicyReader.KEY, request.subject());
    subject.put(PolicyReader.ANCHOR, request.anchor());
    var common = new HashMap<String, Object>(16);
    common.put(Conditions.SUBJECT, subject);
    common.put(Conditions.CAPS, policy.caps());
    common.put(Conditions.CLIENT, request.client());
    common.put(Conditions.ACTOR, request.actor());
    common.put(Conditions.SCOPES, request.scopes().stream().sorted().toList());
    common.put(Conditions.NOW, request.now());
    List<Object> all = List.of();
    try {
      all = elements.stream().map(element -> Values.of(element.json())).toList();
    } catch (IllegalArgumentException unreadable) {
      // a rule that reads the request cannot be evaluated then, and denies
    }
    var seen = new ArrayList<Recall.Seen>(elements.size());
    for (int i = 0; i < elements.size(); i++) {
      String type = elements.get(i).type();
      var typed = new HashMap<>(common);
      if (!all.isEmpty()) {
        typed.put(Conditions.REQUEST, all.get(i));
        typed.put(Conditions.REQUESTS, all.size() == 1 ? all : ofType(type, all));
      }
      typed.put(Conditions.RESOURCE, things(type, typed));
      var untyped = new HashMap<>(typed);
      if (!all.isEmpty()) {
        untyped.put(Conditions.REQUESTS, all);
      }
      seen.add(new Recall.Seen(type, typed, untyped));
    }
    return seen;
  }

  private Map<String, Object> things(String type, Map<String, Object> variables) {
    List<ResourceFacts> declared = policy.resources(type);
    if (declared.isEmpty()) {
      return Map.of();
    }
    var things = new HashMap<String, Object>();
    for (ResourceFacts resource : declared) {
      Map<String, Attribute> facts =
          resource
              .storeKey(variables)
              .map(key -> request.resources().getOrDefault(key, Map.of()))
              .orElse(Map.of());
      Attributes.Known thing = resource.attributes().read(facts, request.now());
      things.put(resource.name(), thing.values());
      thing
          .missing()
          .keySet()
          .forEach(name ->
              unknown.put(
                  resource.name() + "." + name,
                  "the `" + name + "` of the " + resource.name() + " is not known"));
    }
    return things;
  }

  private List<Object> ofType(String type, List<Object> all) {
    var same = new ArrayList<Object>();
    for (int i = 0; i < all.size(); i++) {
      if (elements.get(i).type().equals(type)) {
        same.add(all.get(i));
      }
    }
    return same;
  }

  private Match broken(
      Rule rule, AuthorizationDetails.Element element, int index, Exception broken) {
    String reason =
        rule.when().reads().stream()
            .map(this::whyUnknown)
            .filter(problem -> !problem.isEmpty())
            .findFirst()
            .orElse("the rule `" + rule.name() + "` could not be evaluated");
    var values = new TreeMap<>(values(rule.when().reads(), element));
    String cause =
        broken instanceof CelEvaluationException evaluation
            ? evaluation.getErrorCode().name()
            : broken.getClass().getSimpleName();
    values.put("(error)", JsonNodeFactory.instance.stringNode(cause));
    return new Match(rule.name(), Outcome.DENY, index, reason, values);
  }

  private String whyUnknown(Condition.Read read) {
    if (read.root().equals(Conditions.SUBJECT) && !read.names().isEmpty()) {
      return known.missing().getOrDefault(read.names().getFirst(), "");
    }
    return read.root().equals(Conditions.RESOURCE)
        ? unknown.getOrDefault(String.join(".", read.names()), "")
        : "";
  }

  private Map<String, JsonNode> values(
      List<Condition.Read> reads, AuthorizationDetails.Element element) {
    var values = ImmutableSortedMap.<String, JsonNode>naturalOrder();
    for (Condition.Read read : reads) {
      value(read, element).ifPresent(found -> values.put(read.path(), found));
    }
    return values.buildOrThrow();
  }

  private Optional<JsonNode> value(Condition.Read read, AuthorizationDetails.Element element) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    JsonNode value =
        switch (read.root()) {
          case Conditions.REQUEST -> at(element.json(), read.names());
          case Conditions.CAPS -> at(policy.capsJson(), read.names());
          case Conditions.CLIENT -> json.stringNode(request.client());
          case Conditions.ACTOR -> json.stringNode(request.actor());
          case Conditions.NOW -> json.stringNode(request.now().toString());
          case Conditions.SCOPES -> {
            var scopes = StrictJson.array();
            request.scopes().stream().sorted().forEach(scopes::add);
            yield scopes;
          }
          case Conditions.REQUESTS -> json.numberNode(elements.size());
          case Conditions.HISTORY -> past(recall.before(), read.names());
          case Conditions.TOTAL -> past(recall.totals(), read.names());
          case Conditions.SUBJECT -> subject(read.names());
          case Conditions.RESOURCE -> thing(read.names(), element);
          default -> json.missingNode();
        };
    return value.isMissingNode() ? Optional.empty() : Optional.of(value);
  }

  private JsonNode subject(List<String> names) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    if (names.size() != 1) {
      return json.missingNode();
    }
    String name = names.getFirst();
    if (name.equals(PolicyReader.KEY)) {
      return json.stringNode(request.subject());
    }
    if (name.equals(PolicyReader.ANCHOR)) {
      return json.stringNode(request.anchor());
    }
    Attribute attribute = request.attributes().get(name);
    return attribute == null ? json.missingNode() : attribute.value();
  }

  private JsonNode thing(List<String> names, AuthorizationDetails.Element element) {
    JsonNode missing = JsonNodeFactory.instance.missingNode();
    if (names.size() != 2) {
      return missing;
    }
    Map<String, Object> variables = seen.get(elements.indexOf(element)).typed();
    return policy.resources(element.type()).stream()
        .filter(resource -> resource.name().equals(names.getFirst()))
        .flatMap(resource -> resource.storeKey(variables).stream())
        .map(key -> request.resources().getOrDefault(key, Map.of()).get(names.getLast()))
        .filter(attribute -> attribute != null)
        .map(Attribute::value)
        .findFirst()
        .orElse(missing);
  }

  private static JsonNode past(Map<String, Object> values, List<String> names) {
    return names.isEmpty()
        ? JsonNodeFactory.instance.missingNode()
        : node(values.get(names.getFirst()));
  }

  /// A value of a counter or pattern as JSON.
  static JsonNode node(@Nullable Object value) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    return switch (value) {
      case Long number -> json.numberNode(number);
      case String text -> json.stringNode(text);
      case Boolean flag -> json.booleanNode(flag);
      case null, default -> json.missingNode();
    };
  }

  private static JsonNode at(JsonNode root, List<String> names) {
    JsonNode value = root;
    for (String name : names) {
      value = value.path(name);
    }
    return value;
  }
}
