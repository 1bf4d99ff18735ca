package dev.countersign.protocol;

import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/// The name of a workload, such as `spiffe://example.org/agent`.
///
/// @param trustDomain who vouches for it, such as `spiffe://example.org`
/// @param path what it is there, beginning with `/`
/// @spec https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md#2-spiffe-identity
///   SPIFFE-ID §2
public record SpiffeId(String trustDomain, String path) {
  private static final String SCHEME = "spiffe://";
  private static final Pattern DOMAIN = Pattern.compile("spiffe://[a-z0-9._-]{1,255}");
  private static final Pattern PATH = Pattern.compile("(/[A-Za-z0-9._-]+)+");

  /// Reads an id; empty where a text is none, such as one with a port, a query or a `..`.
  public static Optional<SpiffeId> parse(String text) {
    int slash = text.startsWith(SCHEME) ? text.indexOf('/', SCHEME.length()) : -1;
    if (slash < 0) {
      return Optional.empty();
    }
    String path = text.substring(slash);
    boolean climbs =
        Arrays.stream(path.split("/", -1))
            .anyMatch(segment -> segment.equals(".") || segment.equals(".."));
    return isTrustDomain(text.substring(0, slash)) && PATH.matcher(path).matches() && !climbs
        ? Optional.of(new SpiffeId(text.substring(0, slash), path))
        : Optional.empty();
  }

  /// Whether a text names a trust domain.
  public static boolean isTrustDomain(String text) {
    return DOMAIN.matcher(text).matches();
  }

  @Override
  public String toString() {
    return trustDomain + path;
  }
}
