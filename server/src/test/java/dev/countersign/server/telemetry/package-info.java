@NullMarked
package dev.countersign.server.telemetry;

import org.jspecify.annotations.NullMarked;
