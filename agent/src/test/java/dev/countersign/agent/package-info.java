/// Tests of the agent's client.
@NullMarked
package dev.countersign.agent;

import org.jspecify.annotations.NullMarked;
