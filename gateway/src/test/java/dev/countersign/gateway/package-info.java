/// The gateway through HTTP, with stand-ins for the STS and the broker that speak their wire, and a
/// real PostgreSQL.
@NullMarked
package dev.countersign.gateway;

import org.jspecify.annotations.NullMarked;
