/// Both identity providers, through the wire.
@NullMarked
package dev.countersign.idp;

import org.jspecify.annotations.NullMarked;
