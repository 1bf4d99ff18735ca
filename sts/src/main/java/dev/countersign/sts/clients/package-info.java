/// Registered clients, and how they prove themselves.
@NullMarked
package dev.countersign.sts.clients;

import org.jspecify.annotations.NullMarked;
