package dev.countersign.server.prove;

/// A copy of the program with its example, for attacks that take something away: nothing of the
/// installation that is proven is stopped.
public interface Copy extends AutoCloseable {
  /// The copy's test tenant.
  Tenant tenant();

  /// Takes something away, as an outage would.
  void stop(Part part);

  /// Brings back what can be brought back.
  void mend(Part part);

  @Override
  void close();

  /// What can be away.
  enum Part {
    IDENTITY_PROVIDER,
    LEDGER,
    BUSINESS_DATABASE,
    BROKER,
    TOKEN_SERVICE,
    STATE_DATABASE
  }
}
