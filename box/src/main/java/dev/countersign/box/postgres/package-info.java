/// The state's home: a PostgreSQL of our own, and the roles and rights in it.
@NullMarked
package dev.countersign.box.postgres;

import org.jspecify.annotations.NullMarked;
