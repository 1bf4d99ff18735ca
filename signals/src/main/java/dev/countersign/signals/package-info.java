/// Shared signals' words, which both halves speak: security event tokens, events and subjects.
@NullMarked
package dev.countersign.signals;

import org.jspecify.annotations.NullMarked;
