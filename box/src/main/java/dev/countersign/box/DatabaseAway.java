package dev.countersign.box;

import dev.countersign.protocol.UnavailableException;
import org.jspecify.annotations.Nullable;

/// The database cannot be reached, is starting or stopping, or has no room left. Nothing was
/// granted; whether a commit that was under way took place is not known.
public final class DatabaseAway extends UnavailableException {
  public DatabaseAway(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
