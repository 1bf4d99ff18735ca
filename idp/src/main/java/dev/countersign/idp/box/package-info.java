/// Assembles and starts the identity providers.
@NullMarked
package dev.countersign.idp.box;

import org.jspecify.annotations.NullMarked;
