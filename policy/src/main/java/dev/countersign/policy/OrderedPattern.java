package dev.countersign.policy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A declared sequence of things that happened, one after the other: `history.<name>` is true while
/// its last step was completed at most `window` ago.
///
/// @param window in milliseconds: how long ago the last step may be, and how long after the step
///   before each step may be completed
record OrderedPattern(String name, Per per, long window, List<Step> steps) {
  OrderedPattern {
    steps = List.copyOf(steps);
  }

  /// One step: at least so many elements, or so many different values, within a time.
  ///
  /// @param value what must differ; null where elements are counted
  /// @param window in milliseconds, from the first to the last element of the step
  record Step(
      String type,
      Feed feed,
      @Nullable Condition where,
      @Nullable Condition value,
      int atLeast,
      long window,
      String track) {

    boolean takes(String elementType) {
      return type.equals(Rule.EVERY_TYPE) || type.equals(elementType);
    }
  }

  /// How long a happening of a step may matter, in milliseconds.
  long memory(int step) {
    long gaps = window * (steps.size() - step);
    return gaps + steps.get(step).window();
  }

  /// Whether the steps happened in this order.
  ///
  /// @param tracks of the steps, in their order
  boolean happened(List<Track> tracks, long now) {
    List<Long> completed = List.of();
    for (int i = 0; i < steps.size(); i++) {
      completed = completions(steps.get(i), tracks.get(i).entries(), i == 0 ? null : completed);
      if (completed.isEmpty()) {
        return false;
      }
    }
    return completed.getLast() > now - window;
  }

  /// The times at which a step was complete, after a completion of the step before. The earliest
  /// earlier completion that is near enough leaves the most room, so no other needs to be tried.
  private List<Long> completions(
      Step step, List<Track.Entry> entries, @Nullable List<Long> earlier) {
    var completions = new ArrayList<Long>();
    for (int end = 0; end < entries.size(); end++) {
      long at = entries.get(end).at();
      long after = at - step.window();
      if (earlier != null) {
        long gap = at - window;
        var start = earlier.stream().filter(time -> time >= gap && time < at).findFirst();
        if (start.isEmpty()) {
          continue;
        }
        after = Math.max(after, start.get());
      }
      if (count(step, entries, end, after) >= step.atLeast()) {
        completions.add(at);
      }
    }
    return completions;
  }

  private static int count(Step step, List<Track.Entry> entries, int end, long after) {
    var values = new HashSet<String>();
    int count = 0;
    for (int i = end; i >= 0 && entries.get(i).at() > after; i--) {
      if (step.value() == null || values.add(entries.get(i).value())) {
        count++;
        if (count >= step.atLeast()) {
          return count;
        }
      }
    }
    return count;
  }
}
