/// The console's pages, and its way to identity providers.
@NullMarked
package dev.countersign.console.http;

import org.jspecify.annotations.NullMarked;
