/// Tests of the token service through its wire.
@NullMarked
package dev.countersign.sts.diagnosis;

import org.jspecify.annotations.NullMarked;
