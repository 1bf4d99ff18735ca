package dev.countersign.idp;

import java.time.Duration;
import java.util.List;

/// How long things live that no setting names.
public final class Lifetimes {
  /// An authorization code.
  public static final Duration CODE = Duration.ofSeconds(60);

  /// A sign-in form that was shown.
  public static final Duration FORM = Duration.ofMinutes(10);

  /// A browser session.
  public static final Duration SESSION = Duration.ofHours(12);

  /// A refresh token.
  public static final Duration REFRESH_TOKEN = Duration.ofHours(24);

  private Lifetimes() {}

  static void check(Duration accessToken, List<String> problems) {
    if (accessToken.compareTo(Duration.ofSeconds(1)) < 0
        || accessToken.compareTo(Duration.ofHours(24)) > 0) {
      problems.add("accessTokenLifetime must be 1 second to 24 hours");
    }
  }
}
