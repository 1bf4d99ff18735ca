package dev.countersign.policy;

import dev.cel.runtime.CelEvaluationException;
import dev.countersign.protocol.Digest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What one request remembers and adds: the values of counters and patterns before it, the totals
/// with it, and what is to be stored if it is decided one way or the other.
final class Recall {
  private static final int LONGEST_LAST = 256;
  private static final int DIGEST = 16;

  private final AccessRequest request;
  private final History history;
  private final long now;
  private final Map<String, Object> before = new LinkedHashMap<>();
  private final Map<String, Object> totals = new LinkedHashMap<>();
  private final Map<String, String> broken = new TreeMap<>();
  private final List<Addition> additions = new ArrayList<>();

  /// One value of one element for one track.
  private record Addition(
      String scope,
      String track,
      Track.Kind kind,
      long window,
      Feed feed,
      long amount,
      String value) {}

  /// One element as conditions see it.
  ///
  /// @param typed variables for conditions about its type
  /// @param untyped variables for conditions about every type
  record Seen(String type, Map<String, Object> typed, Map<String, Object> untyped) {}

  private Recall(AccessRequest request, History history) {
    this.request = request;
    this.history = history;
    this.now = request.now().toEpochMilli();
  }

  static Recall of(HistoryPlan plan, AccessRequest request, History history, List<Seen> elements) {
    var recall = new Recall(request, history);
    plan.counters().forEach(counter -> recall.count(counter, elements));
    plan.patterns().forEach(pattern -> recall.watch(pattern, elements));
    return recall;
  }

  /// Values before the request by name.
  Map<String, Object> before() {
    return before;
  }

  /// Values with the request by name.
  Map<String, Object> totals() {
    return totals;
  }

  /// Why a counter or pattern cannot take the request in, by name.
  Map<String, String> broken() {
    return broken;
  }

  private void count(Counter counter, List<Seen> elements) {
    String scope = counter.per().key(request);
    Track track = history.scope(scope).track(counter.track(), counter.kind(), counter.window());
    var added = new ArrayList<Addition>();
    for (Seen element : elements) {
      if (counter.takes(element.type())) {
        try {
          add(counter, scope, element, added);
        } catch (CelEvaluationException | RuntimeException unusable) {
          broken.put(counter.name(), "the counter `" + counter.name() + "` cannot take this in");
        }
      }
    }
    if (counter.measure() == Measure.DISTINCT) {
      distinct(counter, track, added);
    } else {
      plain(counter, track, added);
    }
    additions.addAll(added);
  }

  private void add(Counter counter, String scope, Seen element, List<Addition> added)
      throws CelEvaluationException {
    Map<String, Object> variables = variables(counter.type(), element);
    if (counter.where() != null && !counter.where().holds(variables)) {
      return;
    }
    long amount = 0;
    String value = "";
    Object found = counter.value() == null ? 1L : counter.value().value(variables);
    switch (counter.measure()) {
      case SUM, COUNT -> {
        amount = (Long) found;
        if (amount < 0) {
          throw new IllegalArgumentException("a negative amount would give a limit back");
        }
      }
      case DISTINCT -> value = digest(found);
      case LAST -> {
        if (found instanceof Long number) {
          amount = number;
        } else {
          value = "=" + found;
          if (value.length() > LONGEST_LAST) {
            throw new IllegalArgumentException("too long to be kept");
          }
        }
      }
    }
    added.add(
        new Addition(
            scope,
            counter.track(),
            counter.kind(),
            counter.window(),
            counter.feed(),
            amount,
            value));
  }

  private static Map<String, Object> variables(String type, Seen element) {
    return type.equals(Rule.EVERY_TYPE) ? element.untyped() : element.typed();
  }

  private void plain(Counter counter, Track track, List<Addition> added) {
    if (counter.measure() == Measure.LAST) {
      Object last =
          given(counter.name(), () -> track.last(now).map(Recall::lastValue).orElse(null));
      if (last != null) {
        before.put(counter.name(), last);
      }
      return;
    }
    Object sum = given(counter.name(), () -> track.sum(now));
    if (!(sum instanceof Long past)) {
      broken.put(counter.name(), "the counter `" + counter.name() + "` has no value");
      return;
    }
    before.put(counter.name(), past);
    long total = past;
    if (counter.feed().countsAhead(history.stage())) {
      for (Addition one : added) {
        total = Track.add(total, one.amount);
      }
    }
    totals.put(counter.name(), total);
  }

  private void distinct(Counter counter, Track track, List<Addition> added) {
    Set<String> values = track.values(now);
    Object size = given(counter.name(), () -> (long) values.size());
    if (!(size instanceof Long past)) {
      broken.put(counter.name(), "the counter `" + counter.name() + "` has no value");
      return;
    }
    var fresh = new HashSet<String>();
    added.forEach(one -> fresh.add(one.value));
    fresh.removeAll(values);
    if (!fresh.isEmpty() && track.isFull(now)) {
      broken.put(counter.name(), "the counter `" + counter.name() + "` is full");
      return;
    }
    before.put(counter.name(), past);
    boolean countsAhead = counter.feed().countsAhead(history.stage());
    @Nullable Long told = history.value(counter.name()).map(History.Given::total).orElse(null);
    totals.put(counter.name(), told != null ? told : countsAhead ? past + fresh.size() : past);
  }

  private void watch(OrderedPattern pattern, List<Seen> elements) {
    String scope = pattern.per().key(request);
    var tracks = new ArrayList<Track>();
    for (int i = 0; i < pattern.steps().size(); i++) {
      OrderedPattern.Step step = pattern.steps().get(i);
      Track track =
          history.scope(scope).track(step.track(), Track.Kind.HAPPENINGS, pattern.memory(i));
      tracks.add(track);
      for (Seen element : elements) {
        if (step.takes(element.type())) {
          try {
            happen(pattern.name(), step, scope, track, element);
          } catch (CelEvaluationException | RuntimeException unusable) {
            broken.put(pattern.name(), "the pattern `" + pattern.name() + "` cannot take this in");
          }
        }
      }
    }
    Object happened = given(pattern.name(), () -> pattern.happened(tracks, now));
    if (happened instanceof Boolean known) {
      before.put(pattern.name(), known);
    } else {
      broken.put(pattern.name(), "the pattern `" + pattern.name() + "` has no value");
    }
  }

  private void happen(
      String pattern, OrderedPattern.Step step, String scope, Track track, Seen element)
      throws CelEvaluationException {
    Map<String, Object> variables = variables(step.type(), element);
    if (step.where() != null && !step.where().holds(variables)) {
      return;
    }
    if (track.isFull(now)) {
      broken.put(pattern, "the pattern `" + pattern + "` is full");
      return;
    }
    String value = step.value() == null ? "" : digest(step.value().value(variables));
    additions.add(
        new Addition(
            scope, step.track(), Track.Kind.HAPPENINGS, track.window(), step.feed(), 1, value));
  }

  private @Nullable Object given(String name, Supplier<@Nullable Object> stored) {
    return history.value(name).isPresent() ? history.value(name).get().before() : stored.get();
  }

  private static Object lastValue(Track.Entry entry) {
    return entry.value().isEmpty() ? (Object) entry.amount() : entry.value().substring(1);
  }

  private static String digest(Object value) {
    String kind = value instanceof Long ? "i:" : "s:";
    return Digest.sha256(kind + value).substring(0, DIGEST);
  }

  /// What is to be stored once the request is decided.
  Evaluation.Changes after(Outcome outcome) {
    var changed = new TreeMap<String, Map<String, Track>>();
    var reserved = new ArrayList<Reserved>();
    for (Addition one : additions) {
      if (!one.feed.takes(history.stage(), outcome)) {
        continue;
      }
      Map<String, Track> tracks = changed.computeIfAbsent(one.scope, _ -> new TreeMap<>());
      Track track = tracks.get(one.track);
      if (track == null) {
        track = history.scope(one.scope).track(one.track, one.kind, one.window);
      }
      if (one.kind == Track.Kind.AMOUNTS && one.feed.isOfGrants()) {
        reserved.add(
            new Reserved(one.scope, one.track, Instant.ofEpochMilli(track.time(now)), one.amount));
      }
      tracks.put(one.track, track.plus(now, one.amount, one.value));
    }
    var states = new TreeMap<String, ScopeHistory>();
    changed.forEach((scope, tracks) -> states.put(scope, history.scope(scope).with(tracks, now)));
    return new Evaluation.Changes(states, reserved);
  }
}
