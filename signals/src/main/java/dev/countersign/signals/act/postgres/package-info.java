/// The receiver's tokens and steps in PostgreSQL.
@NullMarked
package dev.countersign.signals.act.postgres;

import org.jspecify.annotations.NullMarked;
