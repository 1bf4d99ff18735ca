/// `countersign prove`: the security properties as attacks on a running installation.
@NullMarked
package dev.countersign.server.prove;

import org.jspecify.annotations.NullMarked;
