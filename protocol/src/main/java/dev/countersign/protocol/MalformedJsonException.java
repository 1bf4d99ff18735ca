package dev.countersign.protocol;

/// A text is not the strict JSON that Countersign reads. The message says what is wrong and never
/// repeats the text.
public final class MalformedJsonException extends RuntimeException {
  public MalformedJsonException(String message) {
    super(message);
  }
}
