@NullMarked
package dev.countersign.broker;

import org.jspecify.annotations.NullMarked;
