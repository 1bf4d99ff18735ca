/// Identity providers for development: the people, their sessions, grants and keys that the
/// Entra-shaped and the Okta-shaped server share. Everything is in memory and on loopback.
@NullMarked
package dev.countersign.idp;

import org.jspecify.annotations.NullMarked;
