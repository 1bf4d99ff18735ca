package dev.countersign.agent;

/// The revisions of the protocol that the client speaks.
public enum Revision {
  /// Every request describes itself.
  MODERN("2026-07-28"),
  /// Opened by `initialize`.
  NOVEMBER_2025("2025-11-25"),
  /// Opened by `initialize`.
  JUNE_2025("2025-06-18");

  private final String version;

  Revision(String version) {
    this.version = version;
  }

  /// As it stands on the wire.
  public String version() {
    return version;
  }
}
