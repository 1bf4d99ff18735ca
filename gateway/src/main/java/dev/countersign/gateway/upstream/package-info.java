/// MCP servers behind the gateway: how they are asked in either era, which of their tools are
/// approved, and the call that is carried to them.
@NullMarked
package dev.countersign.gateway.upstream;

import org.jspecify.annotations.NullMarked;
