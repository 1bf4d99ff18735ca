/// For LangChain4j: the tools of a guarded client, whose calls are made for the person being acted
/// for.
@NullMarked
package dev.countersign.langchain4j;

import org.jspecify.annotations.NullMarked;
