/// The credential broker: turns an on-behalf-of token into a database login that lives minutes,
/// does the one approved thing, and is certainly gone afterwards.
@NullMarked
package dev.countersign.broker;

import org.jspecify.annotations.NullMarked;
