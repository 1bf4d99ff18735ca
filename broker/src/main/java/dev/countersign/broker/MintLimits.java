package dev.countersign.broker;

/// How much may be open, or owed, before nothing more is minted. They are brakes, not counters:
/// mints at the same moment may pass a limit by a few.
///
/// @param perSubject leases of one person that are not ended
/// @param total leases that are not ended
/// @param debt leases that should be gone and are not
public record MintLimits(int perSubject, int total, int debt) {
  /// 50 of one person, 2000 in all, 100 overdue.
  public static final MintLimits USUAL = new MintLimits(50, 2_000, 100);

  public MintLimits {
    if (perSubject < 1 || total < 1 || debt < 1) {
      throw new IllegalArgumentException("a limit on leases must be at least 1");
    }
  }
}
