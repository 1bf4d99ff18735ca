/// From `countersign.yaml` to the configuration record of each room.
@NullMarked
package dev.countersign.server.config;

import org.jspecify.annotations.NullMarked;
