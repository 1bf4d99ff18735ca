/// For agents in Java: an MCP client that takes the person's bearer with each call and keeps it
/// nowhere, and tells how a call ended as a type.
@NullMarked
package dev.countersign.agent;

import org.jspecify.annotations.NullMarked;
