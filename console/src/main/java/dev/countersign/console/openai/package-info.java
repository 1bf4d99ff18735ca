/// Speaks to language models.
@NullMarked
package dev.countersign.console.openai;

import org.jspecify.annotations.NullMarked;
