@NullMarked
package dev.countersign.signals.box;

import org.jspecify.annotations.NullMarked;
