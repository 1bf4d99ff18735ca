package dev.countersign.sts.diagnosis;

/// Something that was seen, and its code.
///
/// @param severity whether it stops an exchange
/// @param seen what was seen, for an operator: names and addresses of services, never a token, a
///   person or a secret
public record Finding(Severity severity, Code code, String seen) {

  static Finding problem(Code code, String seen) {
    return new Finding(Severity.PROBLEM, code, seen);
  }

  static Finding warning(Code code, String seen) {
    return new Finding(Severity.WARNING, code, seen);
  }

  /// How bad it is.
  public enum Severity {
    /// No exchange can succeed.
    PROBLEM,
    /// It works until somebody needs what is missing.
    WARNING
  }
}
