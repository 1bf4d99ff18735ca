package dev.countersign.agent;

import java.util.Locale;

/// A call for which the agent builds no request: it refuses to guess.
public final class TemplateException extends RuntimeException {
  private final Problem problem;

  /// @param message for a person or a model; never a value of the arguments
  public TemplateException(Problem problem, String message) {
    super(message);
    this.problem = problem;
  }

  public Problem problem() {
    return problem;
  }

  /// What programs can tell apart.
  public enum Problem {
    /// Nobody published a template for this tool, and no file holds one.
    NO_TEMPLATE,
    /// The published template is not the pinned one, or not the one that its digest names.
    DIGEST_MISMATCH,
    /// A template is no list of objects with a `type`, or a file of templates is malformed.
    MALFORMED_TEMPLATE,
    /// An expression is more than the name of an argument.
    UNSUPPORTED_EXPRESSION,
    /// The arguments lack one that the template names.
    MISSING_ARGUMENT,
    /// A number that not every language holds exactly.
    INEXACT_NUMBER;

    /// As it stands in results and in the other languages.
    public String code() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
