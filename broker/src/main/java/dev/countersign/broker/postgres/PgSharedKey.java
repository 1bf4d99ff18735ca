package dev.countersign.broker.postgres;

import dev.countersign.box.Database;
import dev.countersign.protocol.Ids;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// 32 random bytes that all replicas share; made by whichever asks first. Threads may share it.
public final class PgSharedKey implements Supplier<byte[]> {
  private static final int LENGTH = 32;

  /// Parameters: 1 key.
  private static final String MAKE =
      "INSERT INTO shared_key (name, key) VALUES ('dpop nonces', ?) ON CONFLICT (name) DO NOTHING";

  private static final String READ = "SELECT key FROM shared_key WHERE name = 'dpop nonces'";

  private final Database database;
  private volatile byte @Nullable [] known;

  public PgSharedKey(Database database) {
    this.database = database;
  }

  @Override
  public byte[] get() {
    byte[] key = known;
    if (key == null) {
      key =
          database.transaction(connection -> {
            try (var make = connection.prepareStatement(MAKE);
                var read = connection.prepareStatement(READ)) {
              make.setBytes(1, Ids.bytes(LENGTH));
              make.executeUpdate();
              try (var rows = read.executeQuery()) {
                rows.next();
                return rows.getBytes(1);
              }
            }
          });
      known = key;
    }
    return key.clone();
  }
}
