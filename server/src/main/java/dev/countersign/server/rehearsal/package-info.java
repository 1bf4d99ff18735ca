/// A stand-in for a language model, for development: it understands the sentences of the refunds
/// example, so that agents run with no key.
@NullMarked
package dev.countersign.server.rehearsal;

import org.jspecify.annotations.NullMarked;
