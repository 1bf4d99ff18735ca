/// The rules of the house: who may know whom, and what holds for every file of the repository.
@NullMarked
package dev.countersign.houserules;

import org.jspecify.annotations.NullMarked;
