/// Tests of how clients prove themselves.
@NullMarked
package dev.countersign.sts.clients;

import org.jspecify.annotations.NullMarked;
