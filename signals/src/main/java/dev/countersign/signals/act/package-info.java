/// The acting half: receives security event tokens and ends what they say must end. It alone holds
/// the admin credentials for that, and it takes no request from outside.
@NullMarked
package dev.countersign.signals.act;

import org.jspecify.annotations.NullMarked;
