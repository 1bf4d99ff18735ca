package dev.countersign.policy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What one counter, or one step of a pattern, remembers in one scope: entries in the order of
/// time. Unchanging; threads may share it.
///
/// Sums and counts are exact up to 128 entries; above that, entries that are close to each other
/// become one that counts as long as its newest part, so that a window of a month costs no more
/// than one of a minute. What they say is then never less than the truth.
///
/// Entries outlive their window by another window, so that a clock which jumps ahead and is set
/// back forgets nothing.
///
/// @param window how long an entry counts, in milliseconds
record Track(Kind kind, long window, List<Entry> entries) {
  /// How many entries a track holds that cannot be joined.
  static final int MOST = 2_000;

  private static final int EXACT = 128;
  private static final int STEPS = 64;

  Track {
    entries = List.copyOf(entries);
  }

  /// How entries are kept.
  enum Kind {
    /// Each has an amount; neighbours may be joined.
    AMOUNTS,
    /// Each value is there once, with its newest time.
    VALUES,
    /// Each happening is there.
    HAPPENINGS,
    /// Only the newest is there.
    LAST
  }

  /// One thing that happened.
  ///
  /// @param at in milliseconds since 1970
  /// @param value a digest, or the value itself where it is kept as the last one
  record Entry(long at, long amount, String value) {}

  static Track empty(Kind kind, long window) {
    return new Track(kind, window, List.of());
  }

  /// This track under a window that may have changed with the policy.
  Track within(long other) {
    return other == window ? this : new Track(kind, other, entries);
  }

  private boolean counts(Entry entry, long now) {
    return entry.at > now - window;
  }

  /// The sum of the amounts within the window; saturates.
  long sum(long now) {
    long sum = 0;
    for (Entry entry : entries) {
      if (counts(entry, now)) {
        sum = add(sum, entry.amount);
      }
    }
    return sum;
  }

  /// The values within the window.
  Set<String> values(long now) {
    var values = new HashSet<String>();
    for (Entry entry : entries) {
      if (counts(entry, now)) {
        values.add(entry.value);
      }
    }
    return values;
  }

  /// The newest entry, if it is within the window.
  Optional<Entry> last(long now) {
    return entries.isEmpty() || !counts(entries.getLast(), now)
        ? Optional.empty()
        : Optional.of(entries.getLast());
  }

  /// Whether nothing more can be taken in at this time.
  boolean isFull(long now) {
    return (kind == Kind.VALUES || kind == Kind.HAPPENINGS) && kept(now).size() >= MOST;
  }

  /// The time under which something that happens now is kept: never before what is there.
  long time(long now) {
    return entries.isEmpty() ? now : Math.max(now, entries.getLast().at);
  }

  /// This track with one thing more.
  Track plus(long now, long amount, String value) {
    var entry = new Entry(time(now), amount, value);
    var kept = new ArrayList<>(kept(now));
    switch (kind) {
      case AMOUNTS, HAPPENINGS -> kept.add(entry);
      case VALUES -> {
        kept.removeIf(other -> other.value.equals(value));
        kept.add(entry);
      }
      case LAST -> {
        kept.clear();
        kept.add(entry);
      }
    }
    return new Track(kind, window, kind == Kind.AMOUNTS ? joined(kept) : kept);
  }

  /// This track with an amount taken back from where it was put, or from the entry that it was
  /// joined to. What is there no more, or somewhere else by now, is not taken back.
  Track minus(long at, long amount) {
    long step = step();
    var left = new ArrayList<Entry>();
    long owed = amount;
    for (Entry entry : entries) {
      boolean isThere = entry.at >= at && Math.floorDiv(entry.at, step) == Math.floorDiv(at, step);
      long taken = isThere ? Math.min(owed, entry.amount) : 0;
      owed -= taken;
      if (taken == 0 || entry.amount > taken) {
        left.add(new Entry(entry.at, entry.amount - taken, entry.value));
      }
    }
    return new Track(kind, window, left);
  }

  private long step() {
    return Math.max(1, window / STEPS);
  }

  /// This track without what can never count again.
  Track pruned(long now) {
    List<Entry> kept = kept(now);
    return kept.size() == entries.size() ? this : new Track(kind, window, kept);
  }

  private List<Entry> kept(long now) {
    if (entries.isEmpty() || entries.getFirst().at > now - 2 * window) {
      return entries;
    }
    return entries.stream().filter(entry -> entry.at > now - 2 * window).toList();
  }

  private List<Entry> joined(List<Entry> all) {
    if (all.size() <= EXACT) {
      return all;
    }
    long step = step();
    var joined = new ArrayList<Entry>();
    for (Entry entry : all) {
      Entry before = joined.isEmpty() ? null : joined.getLast();
      if (before != null && Math.floorDiv(before.at, step) == Math.floorDiv(entry.at, step)) {
        joined.removeLast();
        joined.add(new Entry(entry.at, add(before.amount, entry.amount), ""));
      } else {
        joined.add(entry);
      }
    }
    return joined;
  }

  static long add(long a, long b) {
    long sum = a + b;
    return ((a ^ sum) & (b ^ sum)) < 0 ? (a < 0 ? Long.MIN_VALUE : Long.MAX_VALUE) : sum;
  }
}
