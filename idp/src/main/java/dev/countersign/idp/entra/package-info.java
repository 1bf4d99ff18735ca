/// What Microsoft Entra ID says on the wire, traps included.
@NullMarked
package dev.countersign.idp.entra;

import org.jspecify.annotations.NullMarked;
