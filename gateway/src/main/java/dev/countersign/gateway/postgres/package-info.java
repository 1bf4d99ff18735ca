/// Runs a tool's one statement with the login that was minted for it.
@NullMarked
package dev.countersign.gateway.postgres;

import org.jspecify.annotations.NullMarked;
