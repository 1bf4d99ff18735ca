/// Tests of this package.
@NullMarked
package dev.countersign.gateway.tools;

import org.jspecify.annotations.NullMarked;
