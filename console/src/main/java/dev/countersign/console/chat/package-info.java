/// A person's conversation with an agent: what was said, which tools were called, how each call
/// ended. The model is asked here and never sees a token.
@NullMarked
package dev.countersign.console.chat;

import org.jspecify.annotations.NullMarked;
