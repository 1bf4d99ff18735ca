/// Assembles and starts the console.
@NullMarked
package dev.countersign.console.box;

import org.jspecify.annotations.NullMarked;
