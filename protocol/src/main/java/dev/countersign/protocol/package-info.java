/// The standards' words: strict JSON, tokens and their verification, authorization details, and the
/// error names of OAuth. Every room may know it; it knows no room.
@NullMarked
package dev.countersign.protocol;

import org.jspecify.annotations.NullMarked;
