/// The transmitter's events, streams and deliveries in PostgreSQL.
@NullMarked
package dev.countersign.signals.transmit.postgres;

import org.jspecify.annotations.NullMarked;
