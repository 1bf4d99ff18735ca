@NullMarked
package dev.countersign.signals;

import org.jspecify.annotations.NullMarked;
