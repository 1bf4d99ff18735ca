/// The sending half: takes events from sources, keeps them, and gives each stream its signed
/// tokens. It holds no admin credential of anything.
@NullMarked
package dev.countersign.signals.transmit;

import org.jspecify.annotations.NullMarked;
