@NullMarked
package dev.countersign.protocol;

import org.jspecify.annotations.NullMarked;
