package dev.countersign.signals.transmit.http;

import java.util.List;

/// What an access token must be for.
///
/// @spec
///   https://openid.github.io/sharedsignals/openid-caep-interoperability-profile-1_0.html#section-2.7.4
///   CAEP interoperability profile §2.7
enum Scope {
  /// Looking at a stream.
  READ(List.of("ssf.read", "ssf.manage")),
  /// Making, changing, polling and ending a stream.
  MANAGE(List.of("ssf.manage"));

  private final List<String> names;

  Scope(List<String> names) {
    this.names = names;
  }

  boolean isIn(List<String> scopes) {
    return names.stream().anyMatch(scopes::contains);
  }

  String wireName() {
    return names.getFirst();
  }
}
