/// Tests of what every box has, and the fixture that gives other rooms a PostgreSQL.
@NullMarked
package dev.countersign.box;

import org.jspecify.annotations.NullMarked;
