/// The token service's routes and its calls to the transmitter.
@NullMarked
package dev.countersign.sts.http;

import org.jspecify.annotations.NullMarked;
