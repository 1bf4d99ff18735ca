/// Builds the two boxes from their parts.
@NullMarked
package dev.countersign.signals.box;

import org.jspecify.annotations.NullMarked;
