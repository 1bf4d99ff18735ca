/// How agents reach the gateway, and how the gateway reaches the STS and the broker.
@NullMarked
package dev.countersign.gateway.http;

import org.jspecify.annotations.NullMarked;
