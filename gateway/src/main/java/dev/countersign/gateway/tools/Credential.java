package dev.countersign.gateway.tools;

import dev.countersign.protocol.Secret;

/// What a server behind the gateway gets with each call. Never what the caller brought.
public sealed interface Credential {
  /// Nothing.
  record None() implements Credential {}

  /// An on-behalf-of token of its own, as bearer.
  ///
  /// @param audience the server's identifier (RFC 8707)
  record OnBehalfOf(String audience) implements Credential {}

  /// A database login that exists for this call, in `X-DB-Username` and `X-DB-Password`.
  record Login() implements Credential {}

  /// The vendor's own token, the same for everybody: as bearer over HTTP, as a variable of its
  /// environment for a program.
  ///
  /// @param variable empty over HTTP
  record Vendor(Secret token, String variable) implements Credential {}
}
