package dev.countersign.policy;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Finds what would have to be different for a request to be decided more mildly: one member, one
/// attribute of the person or of a thing, one element, or the time. It is an oracle, so it is for
/// operators only.
///
/// It tries values that the rules themselves name and, for integers, the nearest one that passes;
/// it does not try two changes at once.
public final class SmallestChange {
  private static final int MOST_TRIES = 2_000;
  private static final int MOST_FOUND = 5;
  private static final List<Duration> LATER =
      List.of(
          Duration.ofMinutes(1),
          Duration.ofMinutes(10),
          Duration.ofHours(1),
          Duration.ofHours(6),
          Duration.ofHours(12),
          Duration.ofDays(1),
          Duration.ofDays(7),
          Duration.ofDays(31));

  private final Policy policy;
  private final AccessRequest request;
  private final History past;
  private final Outcome current;
  private final boolean isRedacted;
  private final List<Change> found = new ArrayList<>();
  private final Set<Object> constants = new LinkedHashSet<>();
  private int tries;

  private SmallestChange(Policy policy, AccessRequest request, History past, Outcome current) {
    this.policy = policy;
    this.request = request;
    this.past = past;
    this.current = current;
    this.isRedacted = !isWhole(policy, request.details());
  }

  private static boolean isWhole(Policy policy, AuthorizationDetails details) {
    try {
      policy.types().check(details);
      return true;
    } catch (WireException notAsTheTypeSays) {
      return false;
    }
  }

  /// One change that helps.
  ///
  /// @param path what changes, such as `request.amount`, `subject.refund_limit` or `now`
  /// @param outcome what the request would come to
  /// @param size how far it is, for the order
  public record Change(String path, String from, String to, Outcome outcome, double size) {
    /// This change as the ledger and operators see it.
    public ObjectNode json() {
      return StrictJson.object()
          .put("path", path)
          .put("from", from)
          .put("to", to)
          .put("outcome", outcome.code());
    }
  }

  /// The changes that help, those that permit first, then the smallest first; empty if the request
  /// is permitted or no single change helps.
  public static List<Change> of(Policy policy, AccessRequest request, History past) {
    Outcome current = policy.evaluate(request, past).decision().outcome();
    if (current == Outcome.PERMIT) {
      return List.of();
    }
    var search = new SmallestChange(policy, request, past, current);
    search.run();
    return search.found.stream()
        .sorted(
            Comparator.comparing(Change::outcome)
                .thenComparingDouble(Change::size)
                .thenComparing(Change::path))
        .limit(MOST_FOUND)
        .toList();
  }

  private void run() {
    collectConstants();
    List<AuthorizationDetails.Element> elements = request.details().elements();
    for (int i = 0; i < elements.size(); i++) {
      String root = elements.size() == 1 ? "request" : "requests[" + i + "]";
      members(i, root, List.of(), elements.get(i).json());
    }
    if (elements.size() > 1) {
      alone(elements);
    }
    policy.declared().declared().forEach(this::attribute);
    things(elements);
    later();
  }

  private void collectConstants() {
    for (AuthorizationDetails.Element element : request.details().elements()) {
      for (Rule rule : policy.rules(element.type())) {
        constants.addAll(rule.when().constants());
      }
    }
    constants.add(true);
    collect(policy.capsJson());
    request.attributes().values().forEach(attribute -> collect(attribute.value()));
  }

  private void collect(JsonNode node) {
    if (node.isString()) {
      constants.add(node.stringValue());
    } else if (node.isIntegralNumber() && node.canConvertToLong()) {
      constants.add(node.longValue());
    }
    node.forEach(this::collect);
  }

  private void members(int element, String path, List<String> way, JsonNode value) {
    if (value instanceof ObjectNode object) {
      object
          .properties()
          .forEach(member -> {
            if (!way.isEmpty() || !member.getKey().equals("type")) {
              var next = new ArrayList<>(way);
              next.add(member.getKey());
              members(element, path + "." + member.getKey(), next, member.getValue());
            }
          });
    } else if (!(value instanceof ArrayNode || isHidden(element, way))) {
      vary(
          path,
          value,
          0,
          other -> {
            ArrayNode details = request.details().json();
            JsonNode at = details.get(element);
            for (String name : way.subList(0, way.size() - 1)) {
              at = at.path(name);
            }
            ((ObjectNode) at).set(way.getLast(), other);
            return details(details);
          });
    }
  }

  /// Whether the ledger holds a mark in place of a member's value.
  private boolean isHidden(int element, List<String> way) {
    return isRedacted
        && policy
            .types()
            .find(request.details().elements().get(element).type())
            .filter(type -> type.redaction().marks("request." + String.join(".", way)))
            .isPresent();
  }

  private void attribute(String name, Attributes.Declared declared) {
    Attribute now = request.attributes().get(name);
    JsonNode value = now == null ? JsonNodeFactory.instance.nullNode() : now.value();
    vary(
        "subject." + name,
        value,
        1,
        other -> {
          var attributes = new HashMap<>(request.attributes());
          attributes.put(name, declared.believed(other, request.now()));
          return Optional.of(request.knowing(attributes, request.resources()));
        });
  }

  private void things(List<AuthorizationDetails.Element> elements) {
    var seen = new HashSet<String>();
    for (AuthorizationDetails.Element element : elements) {
      Map<String, Object> variables = Map.of(Conditions.REQUEST, Values.of(element.json()));
      for (ResourceFacts resource : policy.resources(element.type())) {
        Optional<String> key = resource.storeKey(variables).filter(seen::add);
        if (key.isPresent()) {
          resource
              .attributes()
              .declared()
              .forEach((name, declared) -> thing(key.get(), name, declared));
        }
      }
    }
  }

  private void thing(String key, String name, Attributes.Declared declared) {
    Map<String, Attribute> facts = request.resources().getOrDefault(key, Map.of());
    Attribute now = facts.get(name);
    JsonNode value = now == null ? JsonNodeFactory.instance.nullNode() : now.value();
    vary(
        "resource." + key + "." + name,
        value,
        1,
        other -> {
          var changed = new HashMap<>(facts);
          changed.put(name, declared.believed(other, request.now()));
          var things = new HashMap<>(request.resources());
          things.put(key, changed);
          return Optional.of(request.knowing(request.attributes(), things));
        });
  }

  /// Makes the request with another value.
  @FunctionalInterface
  private interface With {
    Optional<AccessRequest> value(JsonNode other);
  }

  private void vary(String path, JsonNode value, double penalty, With with) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    if (value.isIntegralNumber() && value.canConvertToLong()) {
      integer(path, value, value.longValue(), penalty, with);
    } else if (value.isBoolean()) {
      keep(path, value, json.booleanNode(!value.booleanValue()), penalty + 1, with);
    } else {
      for (Object constant : constants) {
        if (constant instanceof String text && !value.asString("").equals(text)) {
          keep(path, value, json.stringNode(text), penalty + 1, with);
        } else if (value.isNull() && constant instanceof Boolean flag) {
          keep(path, value, json.booleanNode(flag), penalty + 2, with);
        }
      }
      if (value.isNull()) {
        missingInteger(path, value, penalty + 2, with);
      }
    }
  }

  /// What is not known at all counts as zero: zero itself, or the nearest that passes.
  private void missingInteger(String path, JsonNode value, double penalty, With with) {
    keep(path, value, JsonNodeFactory.instance.numberNode(0), penalty, with);
    if (outcome(with, 0) != Outcome.PERMIT) {
      integer(path, value, 0, penalty, with);
    }
  }

  /// Looks below and above: at the values that rules name, then ever further away; between one that
  /// passes and one that does not, the border is the nearest. Goes on until one permits.
  private void integer(String path, JsonNode shown, long from, double penalty, With with) {
    var below = new TreeSet<Long>(Comparator.reverseOrder());
    var above = new TreeSet<Long>();
    for (Object constant : constants) {
      if (constant instanceof Long number) {
        (number < from ? below : above).add(number);
      }
    }
    for (long step = 1; step > 0 && step < 1L << 50; step *= 16) {
      above.add(Track.add(from, step));
    }
    for (long half = from; half > 0; half /= 4) {
      below.add(half / 2);
    }
    below.remove(from);
    above.remove(from);
    for (Set<Long> side : List.of(below, above)) {
      Outcome mildest = null;
      for (long candidate : side) {
        Outcome there = outcome(with, candidate);
        if (there == null || (mildest != null && there.compareTo(mildest) >= 0)) {
          continue;
        }
        mildest = there;
        long border = border(with, from, candidate);
        double size = Math.abs((double) border - from) / Math.max(1, Math.abs((double) from));
        keep(path, shown, JsonNodeFactory.instance.numberNode(border), penalty + size, with);
        if (mildest == Outcome.PERMIT) {
          break;
        }
      }
    }
  }

  private long border(With with, long bad, long good) {
    Outcome best = outcome(with, good);
    long near = bad;
    long far = good;
    while (Math.abs(far - near) > 1) {
      long middle = near + (far - near) / 2;
      Outcome there = outcome(with, middle);
      if (there != null && best != null && there.compareTo(best) <= 0) {
        far = middle;
      } else {
        near = middle;
      }
    }
    return far;
  }

  private @Nullable Outcome outcome(With with, long value) {
    return with.value(JsonNodeFactory.instance.numberNode(value)).map(this::better).orElse(null);
  }

  private void keep(String path, JsonNode from, JsonNode to, double size, With with) {
    with.value(to)
        .map(this::better)
        .ifPresent(outcome -> found.add(new Change(path, text(from), text(to), outcome, size)));
  }

  private static String text(JsonNode value) {
    return value.isString() ? value.stringValue() : value.toString();
  }

  private void alone(List<AuthorizationDetails.Element> elements) {
    for (int i = 0; i < elements.size(); i++) {
      ArrayNode one = StrictJson.array().add(elements.get(i).json());
      int index = i;
      details(one)
          .map(this::better)
          .ifPresent(outcome ->
              found.add(
                  new Change(
                      "requests",
                      elements.size() + " elements",
                      "element " + index + " alone",
                      outcome,
                      0.9)));
    }
  }

  private void later() {
    Instant bad = request.now();
    for (Duration step : LATER) {
      Instant good = request.now().plus(step);
      if (at(good) == null) {
        bad = good;
        continue;
      }
      while (Duration.between(bad, good).toSeconds() > 1) {
        Instant middle = bad.plusSeconds(Duration.between(bad, good).toSeconds() / 2);
        if (at(middle) == null) {
          bad = middle;
        } else {
          good = middle;
        }
      }
      Outcome outcome = at(good);
      if (outcome != null) {
        double days = Duration.between(request.now(), good).toSeconds() / 86_400.0;
        found.add(new Change("now", request.now().toString(), good.toString(), outcome, 1 + days));
      }
      return;
    }
  }

  private @Nullable Outcome at(Instant time) {
    return better(request.at(time));
  }

  private Optional<AccessRequest> details(ArrayNode json) {
    try {
      AuthorizationDetails details = AuthorizationDetails.of(json);
      return (isRedacted ? policy.types().accepts(details) : isWhole(policy, details))
          ? Optional.of(request.asking(details))
          : Optional.empty();
    } catch (WireException notAsTheTypeSays) {
      return Optional.empty();
    }
  }

  private @Nullable Outcome better(AccessRequest other) {
    if (++tries > MOST_TRIES) {
      return null;
    }
    Outcome outcome = policy.evaluate(other, withTotals(other)).decision().outcome();
    return outcome.compareTo(current) < 0 ? outcome : null;
  }

  // a total that was written down is that of the request as it was
  private History withTotals(AccessRequest other) {
    if (past.values().isEmpty() || other.details().equals(request.details())) {
      return past;
    }
    var values = new HashMap<String, History.Given>();
    for (Map.Entry<String, History.Given> value : past.values().entrySet()) {
      values.put(value.getKey(), new History.Given(value.getValue().before(), null));
    }
    return History.given(past.stage(), values);
  }
}
