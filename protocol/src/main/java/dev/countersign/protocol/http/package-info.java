/// The protocol's own calls: fetching an issuer's keys, and the guarded HTTP client that boxes use
/// towards each other.
@NullMarked
package dev.countersign.protocol.http;

import org.jspecify.annotations.NullMarked;
