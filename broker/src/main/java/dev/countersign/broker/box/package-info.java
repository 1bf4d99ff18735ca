/// Builds the broker from its configuration.
@NullMarked
package dev.countersign.broker.box;

import org.jspecify.annotations.NullMarked;
