/// Puts the gateway together; the only place that builds its adapters.
@NullMarked
package dev.countersign.gateway.box;

import org.jspecify.annotations.NullMarked;
