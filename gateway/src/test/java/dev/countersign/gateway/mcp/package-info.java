/// The words of the protocol.
@org.jspecify.annotations.NullMarked
package dev.countersign.gateway.mcp;
