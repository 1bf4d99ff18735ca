/// What Okta says on the wire, traps included.
@NullMarked
package dev.countersign.idp.okta;

import org.jspecify.annotations.NullMarked;
