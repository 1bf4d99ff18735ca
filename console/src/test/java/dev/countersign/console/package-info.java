/// The console, through the wire.
@NullMarked
package dev.countersign.console;

import org.jspecify.annotations.NullMarked;
