/// Servers that are programs on this machine, spoken to over their standard input and output.
@NullMarked
package dev.countersign.gateway.stdio;

import org.jspecify.annotations.NullMarked;
