package dev.countersign.idp;

import java.time.Instant;

/// A browser in which a person is signed in.
///
/// @param id for claims and lists; not the cookie's value
public record BrowserSession(String id, Person person, Instant authenticatedAt) {}
