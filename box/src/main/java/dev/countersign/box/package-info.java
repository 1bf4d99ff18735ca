/// What every box has: its listener, health, metrics and logs, its key files and its database.
@NullMarked
package dev.countersign.box;

import org.jspecify.annotations.NullMarked;
