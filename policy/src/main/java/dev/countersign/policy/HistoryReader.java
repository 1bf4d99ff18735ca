package dev.countersign.policy;

import dev.countersign.config.ConfigSection;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads the counters and patterns that a policy declares.
///
/// ```yaml
/// counters:
///   refunded_today:
///     measure: sum            # sum, count, distinct, last
///     type: urn:example:refund
///     value: request.amount
///     where: request.currency == 'USD'
///     per: subject            # subject, client, actor, tenant
///     within: 24h
///     of: granted             # granted, approved, refused, asked
/// patterns:
///   bulk_read:
///     per: subject
///     within: 10m             # the last step at most this long ago, each step this long after the one before
///     steps:
///       - { type: urn:example:read, distinct: request.customer, at_least: 21, within: 10m }
/// ```
final class HistoryReader {
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,63}");
  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofDays(31);
  private static final int MOST = 200;
  private static final int MOST_STEPS = 8;
  private static final int TRACK = 16;

  /// Conditions about one type, without history: what a counter takes in must not depend on what it
  /// took in.
  @FunctionalInterface
  interface Checker {
    Optional<Conditions> about(String type, ConfigSection section);
  }

  private final Checker checker;
  private final List<Counter> counters = new ArrayList<>();
  private final List<OrderedPattern> patterns = new ArrayList<>();

  HistoryReader(Checker checker) {
    this.checker = checker;
  }

  /// @param content gets what was read, in the file's own form
  HistoryPlan read(ConfigSection file, ObjectNode content) {
    Map<String, ConfigSection> declared = file.named("counters");
    Map<String, ConfigSection> sequences = file.named("patterns");
    if (declared.size() + sequences.size() > MOST) {
      file.problem("counters", "more than " + MOST + " counters and patterns");
      return HistoryPlan.NONE;
    }
    if (!declared.isEmpty()) {
      ObjectNode written = content.putObject("counters");
      declared.forEach((name, section) -> counter(name, section, written.putObject(name)));
    }
    if (!sequences.isEmpty()) {
      ObjectNode written = content.putObject("patterns");
      sequences.forEach((name, section) -> pattern(name, section, written.putObject(name)));
    }
    return new HistoryPlan(counters, patterns);
  }

  /// What `history` has.
  Shape.Members past() {
    SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
    counters.forEach(counter -> shapes.put(counter.name(), counter.shape()));
    patterns.forEach(pattern -> shapes.put(pattern.name(), Shape.Scalar.FLAG));
    return new Shape.Members(shapes, shapes.keySet());
  }

  /// What `total` has.
  Shape.Members totals() {
    SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
    counters.stream()
        .filter(counter -> counter.measure().hasTotal())
        .forEach(counter -> shapes.put(counter.name(), Shape.Scalar.INTEGER));
    return new Shape.Members(shapes, shapes.keySet());
  }

  private void counter(String name, ConfigSection section, ObjectNode written) {
    name(name, section, "measure");
    Optional<Measure> measure =
        PolicyReader.choose(section, "measure", Measure.values(), HistoryReader::word);
    String type = section.optionalText("type").orElse(Rule.EVERY_TYPE);
    Optional<Per> per = PolicyReader.choose(section, "per", Per.values(), HistoryReader::word);
    Feed feed = feed(section);
    Duration window = window(section, "within", null);
    Optional<String> where = section.optionalText("where");
    Optional<String> value = section.optionalText("value");
    section.done();
    Optional<Conditions> conditions = checker.about(type, section);
    if (measure.isEmpty() || per.isEmpty() || conditions.isEmpty()) {
      return;
    }
    boolean takesValue = measure.get() != Measure.COUNT;
    if (takesValue != value.isPresent()) {
      section.problem(
          "value",
          takesValue
              ? "missing; name what is taken, such as request.operationDetails.amount"
              : "a count takes no value; use `where` to choose what is counted");
      return;
    }
    Optional<Condition> filter = where(section, where, conditions.get());
    Optional<Conditions.Compiled> taken = value(section, "value", value, conditions.get());
    if (filter.isPresent() != where.isPresent() || taken.isPresent() != takesValue) {
      return;
    }
    if (measure.get() == Measure.SUM
        && taken.isPresent()
        && taken.get().shape() != Shape.Scalar.INTEGER) {
      section.problem("value", 0, "only integers have a sum");
    }
    written.put("measure", word(measure.get()));
    written.put("per", word(per.get()));
    written.put("of", word(feed));
    put(written, type, where, value, "value");
    String track = track(name, written);
    written.put("within", PolicyReader.written(window));
    counters.add(
        new Counter(
            name,
            measure.get(),
            type,
            per.get(),
            feed,
            window.toMillis(),
            filter.orElse(null),
            taken.map(Conditions.Compiled::condition).orElse(null),
            measure.get() == Measure.LAST
                ? taken.map(Conditions.Compiled::shape).orElse(Shape.Scalar.TEXT)
                : Shape.Scalar.INTEGER,
            track));
  }

  private void pattern(String name, ConfigSection section, ObjectNode written) {
    name(name, section, "per");
    if (counters.stream().anyMatch(counter -> counter.name().equals(name))) {
      section.problem("per", "there is already a counter of this name");
    }
    Optional<Per> per = PolicyReader.choose(section, "per", Per.values(), HistoryReader::word);
    Duration window = window(section, "within", null);
    List<ConfigSection> sections = section.sections("steps");
    section.done();
    if (sections.isEmpty() || sections.size() > MOST_STEPS) {
      section.problem("steps", "a pattern has 1 to " + MOST_STEPS + " steps");
      return;
    }
    written.put("per", per.map(HistoryReader::word).orElse(""));
    written.put("within", PolicyReader.written(window));
    ArrayNode list = written.putArray("steps");
    var steps = new ArrayList<OrderedPattern.Step>();
    for (ConfigSection step : sections) {
      step(name, steps.size(), step, window, list.addObject()).ifPresent(steps::add);
    }
    if (per.isPresent() && steps.size() == sections.size()) {
      patterns.add(new OrderedPattern(name, per.get(), window.toMillis(), steps));
    }
  }

  private Optional<OrderedPattern.Step> step(
      String pattern, int index, ConfigSection section, Duration longest, ObjectNode written) {
    String type = section.optionalText("type").orElse(Rule.EVERY_TYPE);
    Feed feed = feed(section);
    Optional<String> where = section.optionalText("where");
    Optional<String> distinct = section.optionalText("distinct");
    long atLeast = section.integer("at_least", 1);
    Duration window = window(section, "within", longest);
    section.done();
    if (atLeast < 1 || atLeast > Track.MOST / 2) {
      section.problem("at_least", "must be 1 to " + Track.MOST / 2);
      return Optional.empty();
    }
    Optional<Conditions> conditions = checker.about(type, section);
    if (conditions.isEmpty()) {
      return Optional.empty();
    }
    Optional<Condition> filter = where(section, where, conditions.get());
    Optional<Conditions.Compiled> taken = value(section, "distinct", distinct, conditions.get());
    if (filter.isPresent() != where.isPresent() || taken.isPresent() != distinct.isPresent()) {
      return Optional.empty();
    }
    written.put("of", word(feed));
    put(written, type, where, distinct, "distinct");
    String track = track(pattern + "/" + index, written);
    written.put("at_least", atLeast);
    written.put("within", PolicyReader.written(window));
    return Optional.of(
        new OrderedPattern.Step(
            type,
            feed,
            filter.orElse(null),
            taken.map(Conditions.Compiled::condition).orElse(null),
            (int) atLeast,
            window.toMillis(),
            track));
  }

  private static void put(
      ObjectNode written, String type, Optional<String> where, Optional<String> value, String key) {
    if (!type.equals(Rule.EVERY_TYPE)) {
      written.put("type", type);
    }
    where.ifPresent(text -> written.put("where", text));
    value.ifPresent(text -> written.put(key, text));
  }

  private static String track(String name, ObjectNode definition) {
    return Digest.sha256(name + "\0" + StrictJson.canonical(definition)).substring(0, TRACK);
  }

  private static void name(String name, ConfigSection section, String key) {
    if (!NAME.matcher(name).matches()) {
      section.problem(key, "a counter or pattern is named with a-z, 0-9 and _");
    }
  }

  private static Feed feed(ConfigSection section) {
    return section.has("of")
        ? PolicyReader.choose(section, "of", Feed.values(), HistoryReader::word)
            .orElse(Feed.GRANTED)
        : Feed.GRANTED;
  }

  private static Duration window(ConfigSection section, String key, @Nullable Duration fallback) {
    if (fallback == null && !section.has(key)) {
      section.problem(key, "missing; a duration such as 24h is needed here");
      return SHORTEST;
    }
    Duration window = section.duration(key, fallback == null ? SHORTEST : fallback);
    if (window.compareTo(SHORTEST) < 0 || window.compareTo(LONGEST) > 0) {
      section.problem(key, "must be between 1s and 31d");
      return SHORTEST;
    }
    return window;
  }

  private static Optional<Condition> where(
      ConfigSection section, Optional<String> where, Conditions conditions) {
    return where.flatMap(text ->
        conditions.compile(text, (offset, message) -> section.problem("where", offset, message)));
  }

  private static Optional<Conditions.Compiled> value(
      ConfigSection section, String key, Optional<String> value, Conditions conditions) {
    return value.flatMap(text ->
        conditions.compileValue(text, (offset, message) -> section.problem(key, offset, message)));
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
