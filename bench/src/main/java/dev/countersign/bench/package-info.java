/// Measurements that anyone can repeat: `./countersign bench <name>`.
@NullMarked
package dev.countersign.bench;

import org.jspecify.annotations.NullMarked;
