package dev.countersign.gateway.tools;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// How the check of a call's arguments ended.
public sealed interface ArgumentCheck {
  /// The arguments fit the schema.
  ///
  /// @param arguments the caller's values and the schema's defaults; what authorization and
  ///   statement are both made from
  record Valid(ObjectNode arguments) implements ArgumentCheck {}

  /// The arguments do not fit.
  ///
  /// @param problems which member is wrong and why, for the model to correct; never a value
  record Invalid(List<String> problems) implements ArgumentCheck {
    public Invalid {
      problems = List.copyOf(problems);
    }
  }
}
