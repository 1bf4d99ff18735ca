package dev.countersign.sts.clients;

import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.VerificationKeys;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A client's public keys, each until its end: while one replaces another, both count.
///
/// Threads may share it.
public final class DatedKeys implements KeySource {
  private final List<Entry> entries;
  private final InstantSource clock;
  private volatile @Nullable Snapshot latest;

  public DatedKeys(List<Entry> entries, InstantSource clock) {
    this.entries = List.copyOf(entries);
    this.clock = clock;
  }

  @Override
  public VerificationKeys keys(String kid) {
    Instant now = clock.instant();
    List<VerificationKeys> valid =
        entries.stream().filter(entry -> entry.isValidAt(now)).map(Entry::keys).toList();
    Snapshot known = latest;
    if (known == null || !known.of.equals(valid)) {
      known = new Snapshot(valid, VerificationKeys.union(valid));
      latest = known;
    }
    return known.keys;
  }

  /// Some keys with their end.
  ///
  /// @param expiresAt from when they are refused, or null for never
  public record Entry(VerificationKeys keys, @Nullable Instant expiresAt) {
    boolean isValidAt(Instant now) {
      return expiresAt == null || now.isBefore(expiresAt);
    }
  }

  private record Snapshot(List<VerificationKeys> of, VerificationKeys keys) {}
}
