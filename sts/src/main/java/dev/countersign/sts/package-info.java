/// The token service: verifies who the person is, decides what the agent may do, and signs it; or
/// asks the person, or refuses, or ends the person's sessions.
@NullMarked
package dev.countersign.sts;

import org.jspecify.annotations.NullMarked;
