package dev.countersign.signals;

/// An event or security event token is not as the standards say. The message names the member and
/// never repeats its value.
public final class MalformedEventException extends RuntimeException {
  public MalformedEventException(String message) {
    super(message);
  }

  /// What is wrong, fit to leave the house.
  public String description() {
    return String.valueOf(getMessage());
  }
}
