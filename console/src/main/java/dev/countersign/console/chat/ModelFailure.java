package dev.countersign.console.chat;

/// The model gave no usable answer.
public final class ModelFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /// @param message for the person: what happened and what to do
  public ModelFailure(String message, Throwable cause) {
    super(message, cause);
  }
}
