/// Tools as data: what an agent may call, how its arguments become authorization details, and the
/// one statement behind it.
@NullMarked
package dev.countersign.gateway.tools;

import org.jspecify.annotations.NullMarked;
