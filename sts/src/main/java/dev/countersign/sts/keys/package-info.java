/// Our signing keys, and the secret that seals them.
@NullMarked
package dev.countersign.sts.keys;

import org.jspecify.annotations.NullMarked;
