@NullMarked
package dev.countersign.console.chat;

import org.jspecify.annotations.NullMarked;
