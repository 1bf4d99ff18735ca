@NullMarked
package dev.countersign.ledger.postgres;

import org.jspecify.annotations.NullMarked;
