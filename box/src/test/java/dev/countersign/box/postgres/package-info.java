/// Tests of the embedded PostgreSQL and of the roles and rights in it.
@NullMarked
package dev.countersign.box.postgres;

import org.jspecify.annotations.NullMarked;
