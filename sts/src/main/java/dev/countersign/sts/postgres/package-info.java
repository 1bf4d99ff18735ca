/// The token service's state in PostgreSQL.
@NullMarked
package dev.countersign.sts.postgres;

import org.jspecify.annotations.NullMarked;
