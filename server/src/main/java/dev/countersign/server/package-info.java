/// Main, command line and wiring: the only place that knows every room.
@NullMarked
package dev.countersign.server;

import org.jspecify.annotations.NullMarked;
