package dev.countersign.server;

import dev.countersign.config.ConfigException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// Asks the token service's userinfo with a token of a person, and tells from when it is refused.
final class UserInfoProbe {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration LOOK_EVERY = Duration.ofMillis(20);

  private final WireClient client = new WireClient();
  private final URI address;
  private final Secret token;

  private UserInfoProbe(URI address, Secret token) {
    this.address = address;
    this.token = token;
  }

  /// @param file holds the token and nothing else
  /// @throws ConfigException if it cannot be read, or is refused already and so would prove nothing
  static UserInfoProbe of(URI issuer, Path file) {
    var probe = new UserInfoProbe(URI.create(issuer + "/oauth2/userinfo"), new Secret(text(file)));
    int status = probe.status();
    if (status != 200) {
      throw problem(
          "the token in " + file + " is not good before the drill: userinfo answers " + status);
    }
    return probe;
  }

  private static String text(Path file) {
    try {
      String text = Files.readString(file, StandardCharsets.US_ASCII).strip();
      if (text.isEmpty() || !text.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
        throw problem(file + " must hold one token and nothing else");
      }
      return text;
    } catch (IOException unreadable) {
      throw problem(file + " cannot be read; name a file with a token of the test person");
    }
  }

  /// Waits until it is refused.
  ///
  /// @return how long after `start`, a value of [System#nanoTime]; empty if not within `limit`
  Optional<Duration> refused(long start, Duration limit) {
    while (true) {
      boolean isRefused = status() == 401;
      long took = System.nanoTime() - start;
      if (isRefused) {
        return Optional.of(Duration.ofNanos(took));
      }
      if (took > limit.toNanos()) {
        return Optional.empty();
      }
      LockSupport.parkNanos(LOOK_EVERY.toNanos());
    }
  }

  private int status() {
    return client
        .send("GET", address, Map.of("Authorization", "Bearer " + token.reveal()), null, TIMEOUT)
        .status();
  }

  private static ConfigException problem(String text) {
    return new ConfigException(List.of(text));
  }
}
