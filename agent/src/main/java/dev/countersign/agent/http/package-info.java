/// The agent's way to an MCP server over HTTP.
@NullMarked
package dev.countersign.agent.http;

import org.jspecify.annotations.NullMarked;
