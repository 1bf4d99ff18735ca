package dev.countersign.policy;

import dev.countersign.protocol.AuthorizationDetails;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The most that one agent may do, whoever it acts for: what a person's rules allow ends here.
///
/// @param types types of elements; null for all
/// @param actions values of `operationDetails.action`; null for all
/// @param maxima by type
/// @param hours null for always
record Ceiling(
    @Nullable Set<String> types,
    @Nullable Set<String> actions,
    Map<String, List<Maximum>> maxima,
    @Nullable Hours hours) {
  /// The entry for everybody who has none of their own.
  static final String OTHERS = "*";

  Ceiling {
    types = types == null ? null : Set.copyOf(types);
    actions = actions == null ? null : Set.copyOf(actions);
    maxima = Map.copyOf(maxima);
  }

  /// The largest value of one member.
  ///
  /// @param path for people, such as `operationDetails.amount`
  record Maximum(String path, List<String> names, long most) {}

  /// When, on the clock of one place.
  record Hours(Set<DayOfWeek> days, LocalTime from, LocalTime to, ZoneId zone) {
    Hours {
      days = Set.copyOf(days);
    }

    /// Whether it is one of these hours. Hours that end at or before they begin go on after
    /// midnight and belong to the day on which they began.
    boolean include(Instant now) {
      ZonedDateTime there = now.atZone(zone);
      LocalTime time = there.toLocalTime();
      if (from.isBefore(to)) {
        return days.contains(there.getDayOfWeek()) && !time.isBefore(from) && time.isBefore(to);
      }
      return (!time.isBefore(from) && days.contains(there.getDayOfWeek()))
          || (time.isBefore(to) && days.contains(there.getDayOfWeek().minus(1)));
    }
  }

  /// What of an element is above the ceiling, in a sentence; empty if nothing is.
  Optional<String> exceeded(AuthorizationDetails.Element element, Instant now) {
    if (types != null && !types.contains(element.type())) {
      return Optional.of("this agent may not ask for this type");
    }
    if (actions != null && !actions.contains(element.action())) {
      return Optional.of("this agent may not ask for this action");
    }
    for (Maximum maximum : maxima.getOrDefault(element.type(), List.of())) {
      JsonNode value = element.json();
      for (String name : maximum.names()) {
        value = value.path(name);
      }
      boolean isWithin =
          value.isMissingNode()
              || (value.isIntegralNumber()
                  && value.canConvertToLong()
                  && value.longValue() <= maximum.most());
      if (!isWithin) {
        return Optional.of("`" + maximum.path() + "` is above what this agent may ask for");
      }
    }
    return hours == null || hours.include(now)
        ? Optional.empty()
        : Optional.of("this agent may not act at this hour");
  }
}
