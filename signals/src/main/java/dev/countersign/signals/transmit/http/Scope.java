package dev.countersign.signals.transmit.http;

import java.util.List;

/// What an access token must be for.
///
/// @spec
///   https://openid.github.io/sharedsignals/openid-caep-interoperability-profile-1_0.html#section-2.7.4
///   CAEP interoperability profile §2.7
enum Scope {
  /// Looking at a stream.
  READ("ssf.read"),
  /// Making, changing, polling and ending a stream; looking at it too.
  MANAGE("ssf.manage");

  private final String wireName;

  Scope(String wireName) {
    this.wireName = wireName;
  }

  boolean isIn(List<String> scopes) {
    return scopes.contains(wireName) || scopes.contains(MANAGE.wireName);
  }

  String wireName() {
    return wireName;
  }
}
