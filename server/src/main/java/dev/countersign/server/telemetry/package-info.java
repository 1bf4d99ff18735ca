/// What an OpenTelemetry collector is told.
@NullMarked
package dev.countersign.server.telemetry;

import org.jspecify.annotations.NullMarked;
