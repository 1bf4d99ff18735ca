package dev.countersign.console.http;

/// The colour of an event: good, to be looked at, or bad.
final class Moods {
  private Moods() {}

  static String of(String event) {
    if (event.contains("kill") || event.contains("ended")) {
      return "bad";
    }
    return event.contains("denied")
            || event.contains("refused")
            || event.contains("failed")
            || event.contains("step-up")
        ? "warn"
        : "good";
  }
}
