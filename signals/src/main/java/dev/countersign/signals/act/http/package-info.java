/// The receiver's calls: the transmitter's feed, and one handler per place where sessions live.
@NullMarked
package dev.countersign.signals.act.http;

import org.jspecify.annotations.NullMarked;
