/// The Model Context Protocol over a JSON tree, in both of its eras: 2026-07-28, and 2025-11-25 and
/// 2025-06-18 without sessions. An era is only ever a format; authorization is one.
@NullMarked
package dev.countersign.gateway.mcp;

import org.jspecify.annotations.NullMarked;
