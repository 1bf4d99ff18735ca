/// The demonstration: people, a mail server and the story that `./countersign demo` plays against
/// the running boxes, over their real sockets.
@NullMarked
package dev.countersign.server.demo;

import org.jspecify.annotations.NullMarked;
