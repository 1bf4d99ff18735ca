/// Configuration files: YAML read with positions, unknown keys refused, and every problem of all
/// files told at once with file, line, key and the fix.
@NullMarked
package dev.countersign.config;

import org.jspecify.annotations.NullMarked;
