package dev.countersign.idp;

import java.time.Instant;

/// A browser in which a person is signed in.
///
/// @param id for claims and lists; not the cookie's value
/// @param hadSecondFactor whether the person showed a second factor when signing in
public record BrowserSession(
    String id, Person person, Instant authenticatedAt, boolean hadSecondFactor) {}
