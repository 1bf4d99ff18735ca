package dev.countersign.policy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a rule demands of a step-up.
///
/// @param factors acceptable factors, the preferred first; empty for any
/// @param answerWithin how long the person has to answer; null for the installation's own limit
/// @param useWithin how old an approval may be when it is used; null for the installation's own
///   limit
/// @param by whose approval it takes: somebody else who is among every one of these; empty for the
///   person who asks
public record StepUpOptions(
    List<Factor> factors,
    @Nullable Duration answerWithin,
    @Nullable Duration useWithin,
    List<Approvers> by) {
  /// Nothing in particular.
  public static final StepUpOptions ANY = new StepUpOptions(List.of(), null, null);

  public StepUpOptions {
    factors = List.copyOf(factors);
    by = List.copyOf(by);
  }

  /// What the person who asks approves.
  public StepUpOptions(
      List<Factor> factors, @Nullable Duration answerWithin, @Nullable Duration useWithin) {
    this(factors, answerWithin, useWithin, List.of());
  }

  /// Whether a factor will do.
  public boolean accepts(Factor factor) {
    return factors.isEmpty() || factors.contains(factor);
  }

  /// What two rules demand together; empty if nothing satisfies both. Where one asks for somebody
  /// else and the other for the person, somebody else it is.
  Optional<StepUpOptions> and(StepUpOptions other) {
    var both = new ArrayList<>(factors.isEmpty() ? other.factors : factors);
    if (!factors.isEmpty() && !other.factors.isEmpty()) {
      both.retainAll(other.factors);
      if (both.isEmpty()) {
        return Optional.empty();
      }
    }
    return Optional.of(
        new StepUpOptions(
            both,
            shorter(answerWithin, other.answerWithin),
            shorter(useWithin, other.useWithin),
            Stream.concat(by.stream(), other.by.stream()).distinct().toList()));
  }

  private static @Nullable Duration shorter(@Nullable Duration a, @Nullable Duration b) {
    if (a == null || b == null) {
      return a == null ? b : a;
    }
    return a.compareTo(b) <= 0 ? a : b;
  }
}
