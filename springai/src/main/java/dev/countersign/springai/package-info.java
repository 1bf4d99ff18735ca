/// For Spring AI: the tools of a guarded client, whose calls are made for the person being acted
/// for.
@NullMarked
package dev.countersign.springai;

import org.jspecify.annotations.NullMarked;
