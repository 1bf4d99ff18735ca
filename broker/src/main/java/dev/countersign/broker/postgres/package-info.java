/// The broker's journal in its own database, and the login roles in the business databases.
@NullMarked
package dev.countersign.broker.postgres;

import org.jspecify.annotations.NullMarked;
