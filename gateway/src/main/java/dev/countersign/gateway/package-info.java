/// The MCP server: every tool call is checked, exchanged, brokered, run with a login of its own,
/// and that login ended, in every outcome. This package decides and does no I/O; its adapters do.
@NullMarked
package dev.countersign.gateway;

import org.jspecify.annotations.NullMarked;
