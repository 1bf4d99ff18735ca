package dev.countersign.policy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// What a registered schema lets a value be, as far as rules and sentences need to know.
sealed interface Shape {

  /// A value without parts.
  enum Scalar implements Shape {
    TEXT("a text"),
    INTEGER("an integer"),
    FLAG("true or false");

    private final String words;

    Scalar(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  /// An object with exactly these members.
  record Members(SequencedMap<String, Shape> shapes, Set<String> required) implements Shape {
    public Members {
      shapes = new LinkedHashMap<>(shapes);
      required = new LinkedHashSet<>(required);
    }
  }

  /// An array of one kind of item.
  record Items(Shape item) implements Shape {}

  /// An object whose names the caller chooses.
  record Names(Shape value) implements Shape {}

  /// What a JSON pointer leads to.
  ///
  /// @param alwaysThere whether every member on the way is required
  record Found(Shape shape, boolean alwaysThere) {}

  /// Follows a pointer of member names.
  default Optional<Found> find(String pointer) {
    Shape at = this;
    boolean alwaysThere = true;
    for (String name : names(pointer)) {
      if (!(at instanceof Members members) || !members.shapes().containsKey(name)) {
        return Optional.empty();
      }
      alwaysThere &= members.required().contains(name);
      at = members.shapes().get(name);
    }
    return Optional.of(new Found(at, alwaysThere));
  }

  /// Every pointer that leads to a member, for "did you mean".
  default List<String> pointers() {
    var pointers = new ArrayList<String>();
    if (this instanceof Members members) {
      for (Map.Entry<String, Shape> member : members.shapes().entrySet()) {
        String pointer = step(member.getKey());
        pointers.add(pointer);
        member.getValue().pointers().forEach(deeper -> pointers.add(pointer + deeper));
      }
    }
    return pointers;
  }

  /// One step of a JSON pointer.
  static String step(String name) {
    return "/" + name.replace("~", "~0").replace("/", "~1");
  }

  /// The names in a JSON pointer.
  static List<String> names(String pointer) {
    var names = new ArrayList<String>();
    for (String name : pointer.substring(1).split("/", -1)) {
      names.add(name.replace("~1", "/").replace("~0", "~"));
    }
    return names;
  }
}
