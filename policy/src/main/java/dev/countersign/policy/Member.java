package dev.countersign.policy;

import java.util.ArrayList;
import java.util.List;

/// One scalar member of a registered type.
///
/// @param path the names that lead to it, joined by dots
/// @param isInteger whether it is a whole number
/// @param alwaysThere whether every element of the type has it
public record Member(String path, boolean isInteger, boolean alwaysThere) {

  static List<Member> of(Shape.Members shape) {
    var members = new ArrayList<Member>();
    for (String pointer : shape.pointers()) {
      shape
          .find(pointer)
          .filter(found -> found.shape() instanceof Shape.Scalar)
          .ifPresent(found ->
              members.add(
                  new Member(
                      pointer.substring(1).replace('/', '.'),
                      found.shape() == Shape.Scalar.INTEGER,
                      found.alwaysThere())));
    }
    return List.copyOf(members);
  }
}
