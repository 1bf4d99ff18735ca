/// The transmitter's wire: ingest, metadata, stream management and poll delivery.
@NullMarked
package dev.countersign.signals.transmit.http;

import org.jspecify.annotations.NullMarked;
