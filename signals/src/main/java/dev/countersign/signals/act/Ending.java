package dev.countersign.signals.act;

import java.time.Instant;

/// What a handler is to do: whose sessions are to end, and why.
///
/// @param txn joins it to the call that caused it; may be empty
/// @param set the `jti` of the token that says so, the same at every attempt
/// @param event the type of the event, a URI
/// @param at when it happened
public record Ending(Person person, String txn, String set, String event, Instant at) {}
