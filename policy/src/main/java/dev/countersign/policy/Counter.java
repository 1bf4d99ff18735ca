package dev.countersign.policy;

import org.jspecify.annotations.Nullable;

/// A declared running value over requests: `history.<name>` before a request, `total.<name>` with
/// all of it.
///
/// @param type the type of element that it takes in; [Rule#EVERY_TYPE] for all
/// @param where which elements; null for all
/// @param value what is taken of an element; null for a count
/// @param window how long a value counts, in milliseconds
/// @param track under which its values are kept: a digest of its name and what it takes in, so that
///   a counter keeps its history when its window changes, and never takes over another's
record Counter(
    String name,
    Measure measure,
    String type,
    Per per,
    Feed feed,
    long window,
    @Nullable Condition where,
    @Nullable Condition value,
    Shape.Scalar shape,
    String track) {

  boolean takes(String elementType) {
    return type.equals(Rule.EVERY_TYPE) || type.equals(elementType);
  }

  Track.Kind kind() {
    return switch (measure) {
      case SUM, COUNT -> Track.Kind.AMOUNTS;
      case DISTINCT -> Track.Kind.VALUES;
      case LAST -> Track.Kind.LAST;
    };
  }
}
